import { join } from 'node:path';
import {
  CoordinationV1Api,
  CoreV1Api,
  KubeConfig,
  type V1ConfigMap,
  type V1Lease,
  V1MicroTime,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, type Lab, startLab } from '#shared/lab';
import { followConfigMaps, type Followed } from './follow-config-maps.ts';

/**
 * What controllers are made of, while servers die under them: a cluster of its own, on its own store whatever
 * the others of the suite have.
 */
describe.skipIf(process.env['CONFORMANCE_STORE'] === 'etcd')('a controller', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ masters: 3, workers: 0 });
  });
  afterAll(() => lab.destroy());

  const namespace = 'default';
  const masters = ['master-1', 'master-2', 'master-3'];
  const othersThan = (master: string): string[] => masters.filter((each) => each !== master);

  /** By one API server only. */
  function configFor(master: string): KubeConfig {
    const config = new KubeConfig();
    config.loadFromFile(join(lab.dataDir, 'kubeconfig'));
    config.setCurrentContext(`quorate-${master}`);
    return config;
  }
  const coreOf = (master: string): CoreV1Api => configFor(master).makeApiClient(CoreV1Api);

  /** Again while no answer comes, as without a leader; rejects with an answer that is an error. */
  async function persistently<T>(what: string, act: () => Promise<T>): Promise<T> {
    const answer = await eventually(what, () =>
      act().then(
        (value) => ({ value }),
        (thrown: { code?: unknown }) =>
          typeof thrown.code === 'number' && thrown.code < 500 ? { thrown } : undefined,
      ),
    );
    if ('thrown' in answer) throw answer.thrown;
    return answer.value;
  }

  const write = (core: CoreV1Api, name: string, n: number): Promise<V1ConfigMap> => {
    const body = { metadata: { name, namespace }, data: { n: String(n) } };
    return n === 1
      ? core.createNamespacedConfigMap({ namespace, body })
      : persistently(`${name} written`, () =>
          core.replaceNamespacedConfigMap({ namespace, name, body }),
        );
  };

  /** An informer that starts again after an error, as its documentation has it. */
  async function follow(master: string): Promise<Followed> {
    const { informer, seen } = followConfigMaps(configFor(master), namespace);
    informer.on('error', () => setTimeout(() => void informer.start(), 50));
    await informer.start();
    return { informer, seen };
  }

  test('misses nothing while the leader of the store dies', async () => {
    const leader = await lab.leader();
    const [server = ''] = othersThan(leader);
    const core = coreOf(server);
    const { informer, seen } = await follow(server);
    const writes = 12;
    for (let n = 1; n <= writes; n++) {
      await write(core, 'counter', n);
      if (n === writes / 3) await lab.kill(leader);
    }
    const numbers = (): number[] => seen.map((line) => Number(line.split(' ')[2]));
    await eventually('the last of them', async () => numbers().at(-1) === writes || undefined);
    // A write that was made twice, for want of an answer, may be seen twice.
    expect([...new Set(numbers())]).toEqual(Array.from({ length: writes }, (_, i) => i + 1));
    expect(numbers()).toEqual(numbers().toSorted((a, b) => a - b));
    await informer.stop();
    await lab.start(leader);
  });

  test('whose server was away while history was compacted lists anew, and sees what differs', async () => {
    const server = await lab.leader();
    const [other = ''] = othersThan(server);
    const core = coreOf(other);
    await write(core, 'goes', 1);
    await write(core, 'changes', 1);
    const { informer, seen } = await follow(server);
    await eventually('what is there', async () => seen.includes('add goes 1') || undefined);
    seen.length = 0;
    await lab.kill(server);
    await persistently('a deletion', () =>
      core.deleteNamespacedConfigMap({ namespace, name: 'goes' }),
    );
    const last = await write(core, 'changes', 2);
    await write(core, 'comes', 1);
    const kv = lab.kv();
    await kv.compact(Number(last.metadata?.resourceVersion));
    await kv.close();
    await lab.start(server);
    await eventually('what has come', async () => seen.includes('add comes 1') || undefined);
    expect(seen.toSorted()).toEqual(['add comes 1', 'delete goes 1', 'update changes 2']);
    await write(core, 'comes', 2);
    await eventually('what comes now', async () => seen.includes('update comes 2') || undefined);
    await informer.stop();
  });

  test('that leads by a Lease is followed by another when its server dies, and does not come back', async () => {
    const name = 'elected';
    const at = (master: string): CoordinationV1Api =>
      configFor(master).makeApiClient(CoordinationV1Api);
    const server = await lab.leader();
    const [other = ''] = othersThan(server);
    const [one, two] = [at(server), at(other)];
    const leaseDurationSeconds = 2;
    const claim = (holder: string, from?: V1Lease): V1Lease => ({
      metadata: { name, namespace, resourceVersion: from?.metadata?.resourceVersion ?? '' },
      spec: { holderIdentity: holder, leaseDurationSeconds, renewTime: new V1MicroTime() },
    });
    let held = await one.createNamespacedLease({ namespace, body: claim('one') });
    held = await one.replaceNamespacedLease({ namespace, name, body: claim('one', held) });
    await lab.kill(server);
    // As client-go does: whoever sees a Lease unchanged for its time takes it.
    let observed = { version: '', atMs: 0 };
    const taken = await eventually('the other to lead', async () => {
      const lease = await two.readNamespacedLease({ namespace, name }).catch(() => undefined);
      if (!lease) return undefined;
      const version = lease.metadata?.resourceVersion ?? '';
      if (version !== observed.version) observed = { version, atMs: performance.now() };
      if (performance.now() - observed.atMs < leaseDurationSeconds * 1000) return undefined;
      return two
        .replaceNamespacedLease({ namespace, name, body: claim('two', lease) })
        .catch(() => undefined);
    });
    expect(taken.spec?.holderIdentity).toBe('two');
    await lab.start(server);
    const late = persistently('an answer', () =>
      one.replaceNamespacedLease({ namespace, name, body: claim('one', held) }),
    );
    await expect(late).rejects.toMatchObject({ code: 409 });
    const { spec } = await one.readNamespacedLease({ namespace, name });
    expect(spec?.holderIdentity).toBe('two');
  });
});
