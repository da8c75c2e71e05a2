import { QuorateError } from '#shared/base';

/** Nanoseconds in gRPC's units of time. */
const units: Readonly<Record<string, bigint>> = {
  H: 3_600_000_000_000n,
  M: 60_000_000_000n,
  S: 1_000_000_000n,
  m: 1_000_000n,
  u: 1000n,
  n: 1n,
};

const maxDigits = 8;

/**
 * The header `Grpc-Timeout` as grpc-gateway reads it, which takes more than gRPC does, in gRPC's form;
 * undefined: the call has all the time there is. Throws where it is none, or is over.
 */
export function grpcTimeout(text: string): string | undefined {
  if (text === '') return undefined;
  const [, digits = '', unit = ''] = /^([+-]?\d{1,18})([HMSmun])$/.exec(text) ?? [];
  if (digits === '') throw new QuorateError('bad-request', `invalid grpc-timeout: ${text}`);
  const count = BigInt(digits);
  if (count < 0n) throw new QuorateError('deadline-exceeded', 'context deadline exceeded');
  if (count === 0n) return undefined;
  const nanoseconds = count * (units[unit] as bigint);
  // In the finest unit that has room for it.
  for (const each of ['n', 'u', 'm', 'S', 'M', 'H']) {
    const rounded = String(nanoseconds / (units[each] as bigint));
    if (rounded.length <= maxDigits) return `${rounded}${each}`;
  }
  return undefined;
}
