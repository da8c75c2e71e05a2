import { createGrpcKvClient, type KvClient } from '#shared/client';
import { systemClock } from '#shared/clock';

const keysPerTxn = 100;
const txnsInFlight = 16;
const value = Buffer.alloc(256, 'v');

/** Puts the keys number `from` to `to`, of 256 bytes each, many at a time. */
export async function fill(endpoint: string, from: number, to: number): Promise<void> {
  const kv = createGrpcKvClient({ endpoints: [endpoint], clock: systemClock });
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to) {
      const first = next;
      next = Math.min(to, next + keysPerTxn);
      await putKeys(kv, first, next);
    }
  };
  try {
    await Promise.all(Array.from({ length: txnsInFlight }, worker));
  } finally {
    await kv.close();
  }
}

async function putKeys(kv: KvClient, from: number, to: number): Promise<void> {
  const success = Array.from({ length: to - from }, (_, i) => {
    const key = `bench/filled/${String(from + i).padStart(9, '0')}`;
    return { type: 'put', put: { key, value } } as const;
  });
  await kv.txn({ compare: [], success, failure: [] });
}
