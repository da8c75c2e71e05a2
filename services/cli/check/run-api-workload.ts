import { randomBytes, randomInt } from 'node:crypto';
import { createRng } from '#shared/base';
import { apiWorkload, type RecordedHistory, Recorder } from '#shared/workload';
import type { Context } from '../context.ts';
import { apiIdentity, apiServers } from '../objects/session.ts';
import type { ConnectionOptions } from '../options.ts';

const namespaces = { group: '', version: 'v1', resource: 'namespaces' } as const;

/** The same of the API server: ConfigMaps in a namespace of their own, one client on each server in turn. */
export async function runApiWorkload(
  context: Context,
  options: ConnectionOptions,
  clients: number,
  durationMs: number,
): Promise<RecordedHistory> {
  const { clock } = context;
  const servers = apiServers(context, options);
  const tls = await apiIdentity(context, options);
  const { createGrpcApiClient } = await import('#shared/client');
  const dial = (first: number) =>
    createGrpcApiClient({ servers: [servers[first % servers.length] ?? ''], clock, tls });
  const recorder = new Recorder(clock);
  const name = `quorate-check-${randomBytes(4).toString('hex')}`;
  const anyone = createGrpcApiClient({ servers: [...servers], clock, tls });
  await anyone.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const stop = new AbortController();
  context.onInterrupt(() => stop.abort());
  try {
    const running = Array.from({ length: clients }, async (_, i) => {
      const api = dial(i);
      const rng = createRng(randomInt(2 ** 32));
      await apiWorkload(api, recorder, `c${i + 1}`, {
        prefix: name,
        clock,
        rng,
        signal: stop.signal,
      });
      await api.close();
    });
    await clock.sleep(durationMs, stop.signal).catch(() => undefined);
    stop.abort();
    await Promise.all(running);
    return recorder.history;
  } finally {
    await anyone.delete(namespaces, name).catch(() => undefined);
    await anyone.close();
  }
}
