import { randomBytes, randomInt } from 'node:crypto';
import { createRng } from '#shared/base';
import type { KvClient } from '#shared/client';
import { kvWorkload, Listener, prefixEnd, type RecordedHistory, Recorder } from '#shared/workload';
import type { Context } from '../context.ts';

export interface WorkloadRequest {
  /** `host:port` of members of any etcd. */
  readonly endpoints: readonly string[];
  readonly clients: number;
  readonly durationMs: number;
  /** Nobody else writes to this store. */
  readonly exclusive: boolean;
}

/**
 * Puts load on any etcd and writes down what its clients were told: each talks to one member, in
 * turn, under a prefix that nobody else has; one watch for each member sees every change.
 */
export async function runKvWorkload(
  context: Context,
  options: WorkloadRequest,
): Promise<RecordedHistory> {
  const { clock, out } = context;
  const { endpoints, clients, durationMs } = options;
  const { createGrpcKvClient } = await import('#shared/client');
  const recorder = new Recorder(clock);
  const prefix = `quorate-check/${randomBytes(4).toString('hex')}/`;
  const own = (i: number): string => endpoints[i % endpoints.length] ?? '';
  const dial = (endpoint: string): KvClient =>
    createGrpcKvClient({ endpoints: [endpoint], clock, timeoutMs: 5000 });
  const anyone = createGrpcKvClient({ endpoints: [...endpoints], clock, timeoutMs: 10_000 });
  const first = await anyone.range({ key: prefix, countOnly: true });
  const { revision } = first.header;
  const range = { key: prefix, rangeEnd: prefixEnd(prefix) };
  const request = { ...range, startRevision: revision + 1 };
  const listeners = endpoints.map(
    (endpoint) => new Listener(dial(endpoint), recorder, clock, request),
  );
  const stop = new AbortController();
  context.onInterrupt(() => stop.abort());
  const running = Array.from({ length: clients }, async (_, i) => {
    const kv = dial(own(i));
    const rng = createRng(randomInt(2 ** 32));
    await kvWorkload(recorder.kv(kv, own(i)), `c${i + 1}`, {
      prefix,
      clock,
      rng,
      signal: stop.signal,
    });
    await kv.close();
  });
  const until = clock.monotonic() + durationMs;
  while (clock.monotonic() < until && !stop.signal.aborted) {
    await clock.sleep(Math.min(1000, until - clock.monotonic()));
    if (out.isTty) out.write(`\r${recorder.operations} operations`);
  }
  if (out.isTty) out.write('\r\u001b[K');
  stop.abort();
  await Promise.all(running);
  const last = recorder.kv(anyone);
  // What everybody must have heard of by now; a member that is cut off never will.
  const end = await last.range(range).catch(() => undefined);
  const newest = Math.max(0, ...(end?.kvs ?? []).map(({ modRevision }) => modRevision));
  await Promise.all(listeners.map((listener) => listener.hearOut(newest)));
  const history = recorder.history;
  await anyone.deleteRange(range).catch(() => undefined);
  await Promise.all([anyone, ...listeners].map((one) => one.close()));
  return options.exclusive ? { ...history, initialRevision: revision } : history;
}
