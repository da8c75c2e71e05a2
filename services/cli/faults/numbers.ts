import { CommandError } from '../command-error.ts';
import { parseDuration } from '../objects/duration.ts';

/** `10%` or `0.1`. */
export function share(flag: string, text: string): number {
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text !== '' && value >= 0 && value <= 1) return value;
  throw new CommandError(`invalid value "${text}" for ${flag}: write 10% or 0.1`);
}

const byteUnits: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** Bytes a second: `500`, `100k`, `10M`. */
export function bandwidth(flag: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmg]?)(?:b?\/s)?$/i.exec(text) ?? [];
  if (number !== '') return Number(number) * (byteUnits[unit.toLowerCase()] ?? 1);
  throw new CommandError(
    `invalid value "${text}" for ${flag}: write bytes a second, such as 100k or 10M`,
  );
}

/** Parts in a million: `200ppm`, or `10%` of the speed. Negative is slower. */
export function drift(flag: string, text: string): number {
  const [, number = '', unit = ''] = /^([+-]?\d+(?:\.\d+)?)(ppm|%)$/.exec(text) ?? [];
  if (number !== '') return Number(number) * (unit === '%' ? 10_000 : 1);
  throw new CommandError(`invalid value "${text}" for ${flag}: write 200ppm, or 10% or -10%`);
}

/**
 * Milliseconds, from `30s` or `1m30s`. Unlike a timeout of kubectl's it is never negative, and a number
 * without a unit is refused: who writes a delay of 50 does not mean seconds.
 */
export function duration(flag: string, text: string): number {
  const refusal = (why: string) => new CommandError(`invalid value "${text}" for ${flag}: ${why}`);
  if (text.startsWith('-')) throw refusal('must not be negative');
  if (Number(text) > 0) throw refusal(`write ${text}ms or ${text}s`);
  return parseDuration(flag, text);
}

/** The same with a sign. */
export const signedDuration = (flag: string, text: string): number =>
  text.startsWith('-') ? -duration(flag, text.slice(1)) : duration(flag, text.replace(/^\+/, ''));
