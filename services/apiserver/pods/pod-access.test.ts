import { beforeEach, expect, it } from 'vitest';
import { createRng, QuorateError } from '#shared/base';
import { type Pod, refs } from '#shared/api';
import { ManualClock } from '#shared/clock';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { serverUser } from '../auth/user.ts';
import { bootstrap } from '../bootstrap.ts';
import { type Core, createCore } from '../core.ts';
import { pod } from '../testing/api-on-mvcc.ts';
import { noAgent } from '../testing/no-agent.ts';
import { bindPod } from './binding.ts';

let core: Core;
let agentDown = false;
const asked: string[] = [];

beforeEach(async () => {
  const clock = new ManualClock();
  asked.length = 0;
  agentDown = false;
  core = createCore({
    kv: new MvccKv(clock),
    clock,
    log: silentLog,
    rng: createRng(1),
    uuid: () => 'uid',
    connectAgent: async (address) => ({
      ...noAgent(),
      async *log(namespace, name, { container }) {
        asked.push(`${address} ${namespace}/${name}/${container}`);
        if (agentDown) throw new QuorateError('unavailable', 'connection refused');
        yield Buffer.from('hello\n');
      },
    }),
  });
  await bootstrap(core.registry, core.kinds, clock, silentLog, new AbortController().signal);
  const node = {
    metadata: { name: 'w1' },
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: 20251 } },
    },
  };
  await core.requests.registerNode(serverUser, node);
});

const read = async (name: string, container = ''): Promise<string> => {
  const chunks = [];
  const place = { ref: refs.pods, namespace: 'default', name, subresource: 'log' };
  const call = await core.requests.authorize(serverUser, 'get', place);
  for await (const chunk of call.logs({ container })) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

const run = async (body: Pod): Promise<void> => {
  const pods = core.kinds.builtin(refs.pods);
  await core.registry.create(pods, body, {});
  const binding = { target: { kind: 'Node', name: 'w1' } };
  await bindPod(core.registry, pods, core.clock, body.metadata?.name ?? '', binding, {});
};

it('passes on what the agent of the pod says', async () => {
  await run(pod('a'));
  expect(await read('a')).toBe('hello\n');
  expect(asked).toEqual(['127.0.0.1:20251 default/a/main']);
});

it('says what is in the way', async () => {
  await expect(read('none')).rejects.toThrow('pods "none" not found');
  await core.registry.create(core.kinds.builtin(refs.pods), pod('pending'), {});
  expect(await read('pending')).toBe('');
  await run(pod('a'));
  await expect(read('a', 'side')).rejects.toThrow('container side is not valid for pod a');
  const two = pod('two');
  two.spec?.containers.push({ name: 'side', image: 'busybox' });
  await run(two);
  await expect(read('two')).rejects.toThrow(
    'a container name must be specified for pod two, choose one of: [main side]',
  );
  expect(await read('two', 'side')).toBe('hello\n');
  agentDown = true;
  await expect(read('a')).rejects.toMatchObject({
    code: 'internal',
    message: 'node "w1" cannot be reached at 127.0.0.1:20251: connection refused',
  });
});
