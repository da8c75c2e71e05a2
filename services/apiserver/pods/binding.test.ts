import { expect, it } from 'vitest';
import { createRng } from '#shared/base';
import { refs } from '#shared/api';
import { ManualClock } from '#shared/clock';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { bootstrap } from '../bootstrap.ts';
import { createCore } from '../core.ts';
import { pod } from '../testing/api-on-mvcc.ts';
import { noAgent } from '../testing/no-agent.ts';
import { bindPod } from './binding.ts';

it('gives a pod a node once, whoever asks again', async () => {
  const clock = new ManualClock();
  const { registry, kinds } = createCore({
    kv: new MvccKv(clock),
    clock,
    log: silentLog,
    rng: createRng(1),
    uuid: () => 'uid',
    connectAgent: () => Promise.resolve(noAgent()),
  });
  await bootstrap(registry, kinds, clock, silentLog, new AbortController().signal);
  const pods = kinds.builtin(refs.pods);
  const namespace = 'default';
  await registry.create(pods, pod('a'), { namespace });
  const bind = (name: string) =>
    bindPod(registry, pods, clock, 'a', { target: { name } }, { namespace });
  await bind('w1');
  const bound = await registry.get(pods, 'a', namespace);
  expect(bound).toMatchObject({ spec: { nodeName: 'w1' } });
  for (const node of ['w1', 'w2']) {
    await expect(bind(node)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('pod a is already assigned to node "w1"') as string,
    });
  }
  expect(await registry.get(pods, 'a', namespace)).toEqual(bound);
  const { spec } = pod('b');
  const gated = { ...pod('b'), spec: { ...spec, schedulingGates: [{ name: 'x/later' }] } };
  await registry.create(pods, gated, { namespace });
  await expect(
    bindPod(registry, pods, clock, 'b', { target: { name: 'w1' } }, { namespace }),
  ).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('pod b has non-empty .spec.schedulingGates') as string,
  });
});
