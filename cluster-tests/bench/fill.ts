import { createGrpcKvClient, type KvClient } from '#shared/client';
import { systemClock } from '#shared/clock';

const keysPerTxn = 100;
const txnsInFlight = 16;

/** Keys of a prefix that are put, number `from` to `to`, with values of so many bytes. */
export interface Filling {
  readonly prefix: string;
  readonly valueBytes: number;
  readonly from: number;
  readonly to: number;
}

/** Many at a time. */
export async function fill(
  endpoint: string,
  { prefix, valueBytes, from, to }: Filling,
): Promise<void> {
  const value = Buffer.alloc(valueBytes, 'v');
  const keyOf = (number: number): string => `${prefix}${String(number).padStart(9, '0')}`;
  const kv = createGrpcKvClient({ endpoints: [endpoint], clock: systemClock });
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to) {
      const first = next;
      next = Math.min(to, next + keysPerTxn);
      const keys = Array.from({ length: next - first }, (_, i) => keyOf(first + i));
      await putKeys(kv, keys, value);
    }
  };
  try {
    await Promise.all(Array.from({ length: txnsInFlight }, worker));
  } finally {
    await kv.close();
  }
}

async function putKeys(kv: KvClient, keys: readonly string[], value: Buffer): Promise<void> {
  const success = keys.map((key) => ({ type: 'put', put: { key, value } }) as const);
  await kv.txn({ compare: [], success, failure: [] });
}
