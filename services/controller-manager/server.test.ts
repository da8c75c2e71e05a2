import { expect, it, vi } from 'vitest';
import { refs, resources } from '#shared/api';
import { createRng, QuorateError } from '#shared/base';
import { ManualClock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { MemoryApi } from '../../shared/client/testing/memory-api.ts';
import { pass } from '../../shared/client/testing/pass.ts';
import { silentLog } from '../../shared/client/testing/silent-log.ts';
import { createControllerManager } from './server.ts';

/** The API does not say what it serves when it is asked for the first time, so often. */
function setUp(failures: number) {
  const clock = new ManualClock();
  const api = new MemoryApi(clock);
  let left = failures;
  vi.spyOn(api, 'kinds').mockImplementation(() =>
    left-- > 0
      ? Promise.reject(new QuorateError('unavailable', 'nobody answers'))
      : Promise.resolve(resources),
  );
  const errors: string[] = [];
  const log: Logger = { ...silentLog, error: (_fields, text) => void errors.push(text) };
  const manager = createControllerManager({ api, clock, log, identity: 'one', rng: createRng(1) });
  return { clock, api, errors, manager };
}

it('asks again for what is served, where the first call of a term fails', async () => {
  const { clock, api, errors, manager } = setUp(2);
  await manager.start();
  await pass(clock, 2_000);
  api.seed(refs.namespaces, { metadata: { name: 'web' } });
  await pass(clock, 200);
  await api.get(refs.serviceAccounts, 'default', 'web');
  expect(errors).toEqual([]);
  await manager.stop();
});

it('ends while it still asks for what is served', async () => {
  const { clock, errors, manager } = setUp(Infinity);
  await manager.start();
  await pass(clock, 1_000);
  await manager.stop();
  expect(errors).toEqual([]);
});
