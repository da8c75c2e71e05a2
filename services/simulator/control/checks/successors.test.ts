import { expect, test } from 'vitest';
import { ObjectHistory } from './objects.ts';
import { Successors } from './successors.ts';
import { broken, controlledBy, named, podKey } from './testing.ts';

/** A workload of three pods on nodes of their own, ready since 1 s. */
function world(kind: 'StatefulSet' | 'DaemonSet') {
  const history = new ObjectHistory();
  let atMs = 0;
  let revision = 0;
  const check = new Successors(history, () => atMs, 10_000);
  const put = (key: string, object: object): void => {
    const value = Buffer.from(JSON.stringify(object));
    revision++;
    const kv = { key, value, createRevision: 1, modRevision: revision, version: 1, lease: 0n };
    for (const change of history.add({ revision, atMs, events: [{ type: 'put', kv }] })) {
      check.changed(change);
    }
  };
  const workload = (replicas: number, spec: object = {}): void =>
    put(`/registry/apps/${kind.toLowerCase()}s/default/w`, {
      ...named('w'),
      spec: { replicas, template: { spec: { containers: [], ...spec } } },
    });
  const node = (i: number, taints: readonly object[] = []): void =>
    put(`/registry/nodes/n${i}`, { metadata: { name: `n${i}` }, spec: { taints } });
  const pod = (i: number, uid: string, ready = true, tolerations: readonly object[] = []): void =>
    put(podKey(`w-${i}`), {
      ...named(`w-${i}`, uid, controlledBy(kind, 'w')),
      spec: { nodeName: `n${i}`, tolerations },
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      },
    });
  atMs = 1000;
  workload(3);
  for (let i = 0; i < 3; i++) {
    node(i);
    pod(i, `old-${i}`);
  }
  atMs = 20_000;
  return {
    pod,
    node,
    workload,
    removes: (i: number, who = 'manager') => broken(check.asked(who, 'default', `w-${i}`)),
    at: (ms: number): void => {
      atMs = ms;
    },
  };
}

test.each(['StatefulSet', 'DaemonSet'] as const)(
  'of a %s, the next one goes when somebody serves in the place of the last one',
  (kind) => {
    const { pod, removes } = world(kind);
    expect(removes(2)).toBe('kept');
    expect(removes(1)).toMatch(/removes w-1, which serves, and nobody serves yet in place of w-2/);
    pod(2, 'new-2', false);
    expect(removes(1)).toMatch(/in place of w-2/);
    pod(2, 'new-2');
    expect(removes(1)).toBe('kept');
  },
);

test('what another controller took need not be known', () => {
  const { removes } = world('StatefulSet');
  expect(removes(2)).toBe('kept');
  expect(removes(1, 'its successor')).toBe('kept');
});

test('of a StatefulSet, a new template begins again at the top', () => {
  const { removes } = world('StatefulSet');
  expect(removes(1)).toBe('kept');
  expect(removes(2)).toBe('kept');
});

test('who has just been asked for fewer, or has just got ready, may go', () => {
  const { workload, pod, removes, at } = world('StatefulSet');
  expect(removes(2)).toBe('kept');
  pod(1, 'newer-1');
  expect(removes(1)).toBe('kept');
  at(40_000);
  workload(2);
  expect(removes(0)).toBe('kept');
  at(60_000);
  expect(removes(0)).toMatch(/in place of w-1/);
});

test('of a DaemonSet, nobody is to serve where its template tolerates a taint no more', () => {
  const { workload, node, pod, removes, at } = world('DaemonSet');
  const tolerations = [{ key: 'x', operator: 'Exists' }];
  node(2, [{ key: 'x', effect: 'NoExecute' }]);
  workload(3, { tolerations });
  pod(2, 'old-2', true, tolerations);
  at(40_000);
  workload(3);
  expect(removes(2)).toBe('kept');
  at(60_000);
  expect(removes(1)).toBe('kept');
});
