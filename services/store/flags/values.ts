import type { FlagSpec } from './spec.ts';

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds of a duration in Go's notation, such as `1h30m` or `0`; undefined: it is none. */
export function durationMs(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text);
  if (!match) return undefined;
  let ms = 0;
  for (const [, number = '', unit = ''] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    ms += Number(number) * (unitMs[unit] ?? 0);
  }
  return match[1] === '-' ? -ms : ms;
}

/** What is wrong with a flag's value, in Go's words; undefined: nothing. */
export function complaint(name: string, spec: FlagSpec, value: string): string | undefined {
  const bad = (reason: string): string => `invalid value "${value}" for flag -${name}: ${reason}`;
  switch (spec.type) {
    case 'boolean':
      if (booleanOf(value) !== undefined) return undefined;
      return `invalid boolean value "${value}" for -${name}: parse error`;
    case 'uint':
      return /^\d+$/.test(value) && Number.isSafeInteger(Number(value))
        ? undefined
        : bad('parse error');
    case 'int':
      return /^[+-]?\d+$/.test(value) && Number.isSafeInteger(Number(value))
        ? undefined
        : bad('parse error');
    case 'duration':
      return durationMs(value) === undefined ? bad('parse error') : undefined;
    case 'string':
      if (spec.choices && !spec.choices.includes(value)) {
        return bad(`must be one of ${spec.choices.join(', ')}`);
      }
      return undefined;
    case 'urls':
      return urlsComplaint(value, bad);
    default:
      return bad('parse error');
  }
}

/** As Go's strconv.ParseBool. */
export function booleanOf(value: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  return undefined;
}

export function listOf(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function urlsComplaint(value: string, bad: (reason: string) => string): string | undefined {
  for (const url of listOf(value)) {
    const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(url) ?? [];
    if (scheme === 'unix' || scheme === 'unixs') {
      if (rest === '') return bad(`URL does not name a socket: ${url}`);
      continue;
    }
    if (scheme !== 'http' && scheme !== 'https') {
      return bad(`URL scheme must be http, https, unix, or unixs: ${url}`);
    }
    if (/[/?#]./.test(rest)) return bad(`URL must not contain a path: ${url}`);
    if (!/^(\[[0-9a-fA-F:.%]+\]|[^/:@\s]+):\d{1,5}\/?$/.test(rest)) {
      return bad(`URL address does not have the form "host:port": ${url}`);
    }
  }
  return undefined;
}
