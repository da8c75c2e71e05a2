import { CommandError } from '../command-error.ts';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** As long as anybody waits: what kubectl makes of a negative timeout. */
const weekMs = 7 * 24 * 3_600_000;

/** Go's notation (`1m30s`, `500ms`) in milliseconds; a bare number counts seconds. */
export function parseDuration(flag: string, text: string): number {
  if (/^-?\d+(\.\d+)?$/.test(text)) {
    const seconds = Number(text);
    return seconds < 0 ? weekMs : seconds * 1_000;
  }
  if (text.startsWith('-')) return weekMs;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    throw new CommandError(
      `invalid duration "${text}" for ${flag}: use a form such as 30s, 5m or 1h`,
    );
  }
  let total = 0;
  for (const [, number = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(number) * (units[unit] ?? 0);
  }
  return total;
}
