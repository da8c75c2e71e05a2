import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { NoGhosts } from './no-ghosts.ts';
import { ObjectHistory } from './objects.ts';
import { OrphanedPods } from './orphaned-pods.ts';
import { broken, container, named, podKey } from './testing.ts';

const collected = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC' };

/** Pod `a` runs on node `n1`; what was 10 ms ago is known, and pods may stay for 100 ms. */
function world() {
  const history = new ObjectHistory();
  const check = new OrphanedPods(history, 10, 100);
  const ghosts = new NoGhosts();
  let revision = 1;
  const put = (atMs: number, key: string, object?: KubeObject): void => {
    revision++;
    const value = Buffer.from(JSON.stringify(object ?? {}));
    const kv = { key, value, createRevision: 1, modRevision: revision, version: 1, lease: 0n };
    const type = object ? ('put' as const) : ('delete' as const);
    for (const change of history.add({ revision, atMs, events: [{ type, kv }] })) {
      const left = check.leftBehind(change);
      if (left !== undefined) ghosts.forced(left);
      check.changed(change);
      ghosts.changed(change);
    }
  };
  const node = (atMs: number, isThere: boolean): void =>
    put(atMs, '/registry/nodes/n1', isThere ? { metadata: { name: 'n1' } } : undefined);
  const pod = (atMs: number, conditions: readonly object[] = []): void =>
    put(atMs, podKey('a'), {
      ...named('a'),
      spec: { nodeName: 'n1' },
      status: { conditions },
    } as KubeObject);
  node(0, true);
  pod(0);
  ghosts.started('n1', container('a'));
  return { check, node, pod, removes: (atMs: number) => broken(() => put(atMs, podKey('a'))) };
}

test('pods go with their node, whatever runs there', () => {
  const { node, pod, removes } = world();
  node(50, false);
  pod(60, [collected]);
  expect(removes(61)).toBe('kept');
});

test('so may those whose node came again just now', () => {
  const { node, pod, removes } = world();
  node(50, false);
  node(55, true);
  expect(broken(() => pod(60, [collected]))).toBe('kept');
  expect(removes(61)).toBe('kept');
});

test('nobody is collected whose node is there', () => {
  const { node, pod, removes } = world();
  expect(broken(() => pod(40, [collected]))).toMatch(/n1, which has been there for long/);
  node(50, false);
  node(55, true);
  pod(56);
  expect(broken(() => pod(70, [collected]))).toMatch(/has been there for long/);
  expect(removes(71)).toMatch(/still runs it/);
});

test('nobody stays for long where there is no node', () => {
  const { check, node } = world();
  node(50, false);
  expect(broken(() => check.tick(140))).toBe('kept');
  expect(broken(() => check.tick(160))).toMatch(/pod a stays on n1, which was deleted 110 ms ago/);
  node(170, true);
  expect(broken(() => check.tick(300))).toBe('kept');
});
