import { describe, expect, test } from 'vitest';
import type { KubeObject, Pod } from '#shared/api';
import { Fencing } from './fencing.ts';
import { JobCounts } from './job-counts.ts';
import { LostNodes } from './lost-nodes.ts';
import { ObjectHistory } from './objects.ts';
import { Removals } from './removals.ts';
import { broken, controlledBy, named, podKey, Store } from './testing.ts';

const at = (nodeName: string, isReady: boolean): object => ({
  spec: { nodeName },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
});

describe('what a controller removes', () => {
  const workload = { metadata: { name: 'w', uid: 'w', generation: 1 }, spec: { replicas: 3 } };

  /** A workload with pods on nodes of their own, of which so many are ready, the first since then. */
  function world(
    kind: string,
    resource: string,
    ready: readonly boolean[],
    sinceMs = 0,
    labels = {},
  ) {
    const now = 100;
    const history = new ObjectHistory();
    const check = new Removals(history, () => now, 10);
    let revision = 0;
    const put = (key: string, object: KubeObject, atMs = 0): void => {
      revision++;
      const value = Buffer.from(JSON.stringify(object));
      const kv = { key, value, createRevision: 1, modRevision: revision, version: 1, lease: 0n };
      const event = { type: 'put' as const, kv };
      for (const change of history.add({ revision, atMs, events: [event] })) {
        check.changed(change);
      }
    };
    put(`/registry/${resource}/default/w`, workload);
    for (const [i, is] of ready.entries()) {
      put(`/registry/nodes/n${i}`, { metadata: { name: `n${i}` } });
      const pod = named(`w-${i}`, `${i}`, { ...controlledBy(kind, 'w'), labels });
      put(podKey(`w-${i}`), { ...pod, ...at(`n${i}`, false) });
      if (is) put(podKey(`w-${i}`), { ...pod, ...at(`n${i}`, true) }, i === 0 ? sinceMs : 0);
    }
    return (name: string): string => broken(check.asked('default', name));
  }

  test('of a ReplicaSet, those that do not serve go first', () => {
    const removes = world('ReplicaSet', 'apps/replicasets', [true, false]);
    expect(removes('w-0')).toMatch(/removes w-0, which serves, and w-1 has not been ready/);
    expect(removes('w-1')).toBe('kept');
    expect(removes('w-0')).toBe('kept');
  });

  test('of one that serves only just now, nobody need know', () => {
    const removes = world('ReplicaSet', 'apps/replicasets', [true, false], 95);
    expect(removes('w-0')).toBe('kept');
  });

  test('of a StatefulSet, the next one goes when those above it serve', () => {
    const removes = world('StatefulSet', 'apps/statefulsets', [true, false, true]);
    expect(removes('w-2')).toBe('kept');
    expect(removes('w-0')).toMatch(/w-1 has not been ready/);
  });

  test('of a StatefulSet, of one revision, the last goes first', () => {
    const ready = [true, true, true, true, false];
    const revision = { 'controller-revision-hash': 'a' };
    const removes = world('StatefulSet', 'apps/statefulsets', ready, 0, revision);
    expect(removes('w-3')).toMatch(/removes w-3 before w-4/);
    expect(removes('w-4')).toBe('kept');
  });

  test('of a DaemonSet, one goes when no other is away', () => {
    expect(world('DaemonSet', 'apps/daemonsets', [true, true])('w-0')).toBe('kept');
    const removes = world('DaemonSet', 'apps/daemonsets', [true, false]);
    expect(removes('w-0')).toMatch(/w-1 has not been ready/);
  });
});

test.each([
  [true, /pod a is called ready on n1, which has been silent/],
  [false, /pod a stays on n1, which has been silent/],
])('pods of a silent node are not ready, and leave it', (isReady, wrong) => {
  const store = new Store();
  const check = new LostNodes(store.history, 1_000);
  store.put('/registry/nodes/n1', { metadata: { name: 'n1' } });
  const other = (status: string): void => {
    const conditions = [{ type: 'Ready', status }];
    store.put('/registry/nodes/n2', { ...named('n2'), status: { conditions } } as KubeObject);
  };
  other('True');
  store.put(podKey('a'), { ...named('a'), ...at('n1', isReady) });
  const lease = { metadata: { name: 'n1', namespace: 'kube-node-lease' } };
  const change = { revision: 9, atMs: 9, key: 'l', resource: 'coordination.k8s.io/leases' };
  check.changed({ ...change, before: undefined, after: lease });
  expect(broken(() => check.tick(900))).toBe('kept');
  expect(broken(() => check.tick(2_000))).toMatch(wrong);
  // Where no node is ready pods stay where they are, and for a while after.
  other('Unknown');
  expect(broken(() => check.tick(3_000))).toMatch(isReady ? wrong : /^kept$/);
  other('True');
  expect(broken(() => check.tick(3_900))).toMatch(isReady ? wrong : /^kept$/);
  expect(broken(() => check.tick(4_100))).toMatch(wrong);
});

test('nobody leads while another one does', () => {
  const check = new Fencing();
  const put = (createRevision: number, revision: number): string => {
    const key = '/registry/elections/e';
    const value = Buffer.from('{"leaseSeconds":2}');
    const kv = { key, value, createRevision, modRevision: revision, version: 1, lease: 1n };
    return broken(() => check.elections([{ type: 'put', kv }], revision, 0));
  };
  expect(put(3, 3)).toBe('kept');
  expect(put(3, 5)).toMatch(/is seized at revision 5 from 3/);
});

test('an index has one pod at a time', () => {
  const store = new Store(new JobCounts());
  const annotations = { 'batch.kubernetes.io/job-completion-index': '0' };
  const pod = (uid: string): KubeObject =>
    named(uid, uid, { annotations, ...controlledBy('Job', 'j') });
  store.put(podKey('a'), pod('a'));
  expect(broken(() => store.put(podKey('b'), pod('b')))).toMatch(/are at index 0/);
  store.remove(podKey('a'));
  expect(broken(() => store.put(podKey('b'), pod('b')))).toBe('kept');
});

test('a Job has no more pods at work than are missing', () => {
  const store = new Store(new JobCounts());
  const job = { ...named('j'), spec: { completions: 2, parallelism: 2 } };
  store.put('/registry/batch/jobs/default/j', job);
  const pod = (uid: string, phase: string): Pod => ({
    ...named(uid, uid, controlledBy('Job', 'j')),
    status: { phase },
  });
  for (const uid of ['a', 'b']) store.put(podKey(uid), pod(uid, 'Running'));
  store.put(podKey('a'), pod('a', 'Succeeded'));
  store.remove(podKey('a'));
  expect(broken(() => store.put(podKey('c'), pod('c', 'Pending')))).toMatch(/of the Job's 2/);
  store.remove(podKey('c'));
  store.put(podKey('b'), pod('b', 'Failed'));
  expect(broken(() => store.put(podKey('d'), pod('d', 'Pending')))).toBe('kept');
});

test('nobody is taken out of the Lease of an election who leads on', () => {
  const check = new Fencing();
  const elected = (token: number, identity: string): void => {
    const value = Buffer.from(JSON.stringify({ identity, leaseSeconds: 3 }));
    const key = '/registry/elections/e';
    const kv = { key, value, createRevision: token, modRevision: token, version: 1, lease: 1n };
    check.elections([{ type: 'put', kv }], token, 0);
  };
  const lease = (holderIdentity: string): KubeObject =>
    ({ metadata: { name: 'e', namespace: 'kube-system' }, spec: { holderIdentity } }) as KubeObject;
  const shown = (was: string): string =>
    broken(() =>
      check.changed({
        resource: 'coordination.k8s.io/leases',
        key: 'e',
        revision: 9,
        atMs: 0,
        before: lease(was),
        after: lease(''),
      }),
    );
  elected(3, 'one');
  expect(shown('before')).toBe('kept');
  expect(shown('one')).toMatch(/the Lease of e has no holder at revision 9, while one leads/);
  check.resigns({ election: 'e', token: 3 });
  expect(shown('one')).toBe('kept');
});
