import { QuorateError } from '#shared/base';
import { durationMs } from '../flags/values.ts';
import { type JwtOptions, jwtOptions } from './jwt-tokens.ts';

/** What `--auth-token` and `--auth-token-ttl` say. */
export type TokenOptions =
  | { readonly kind: 'simple'; readonly ttlSeconds: number }
  | ({ readonly kind: 'jwt' } & JwtOptions);

const defaultTtlSeconds = 300;

/** `simple`, or `jwt,sign-method=…,priv-key=…,pub-key=…,ttl=…`, as etcd's. */
export function parseTokenOptions(
  text: string,
  simpleTtlSeconds = defaultTtlSeconds,
): TokenOptions {
  const [kind, ...pairs] = text.split(',');
  const values = new Map<string, string>();
  for (const pair of pairs) {
    const [name = '', value, ...more] = pair.split('=');
    if (value === undefined || more.length > 0 || values.has(name)) throw invalid(text);
    values.set(name, value);
  }
  if (kind === 'simple') return { kind, ttlSeconds: simpleTtlSeconds || defaultTtlSeconds };
  if (kind !== 'jwt') throw invalid(text);
  const ttl = values.get('ttl');
  const ttlSeconds = ttl === undefined ? defaultTtlSeconds : seconds(ttl);
  return { kind, ...jwtOptions(values, ttlSeconds) };
}

function seconds(text: string): number {
  const ms = durationMs(text);
  if (ms !== undefined && ms > 0) return ms / 1000;
  throw new QuorateError(
    'bad-request',
    `invalid value for --auth-token: ttl=${text} is no duration such as 10m`,
  );
}

function invalid(text: string): QuorateError {
  return new QuorateError(
    'bad-request',
    `invalid value "${text.split(',', 1)[0]},…" for --auth-token: must be simple, or ` +
      'jwt,sign-method=RS256,priv-key=FILE,pub-key=FILE,ttl=10m, each option once',
  );
}
