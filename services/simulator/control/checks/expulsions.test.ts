import { expect, test } from 'vitest';
import { Expulsions } from './expulsions.ts';
import { broken, named, podKey, Store } from './testing.ts';

const unreachable = 'node.kubernetes.io/unreachable';
const tolerationSeconds = 1;

function world(silentMs = 3000) {
  const store = new Store(new Expulsions(1000, silentMs));
  const taint = (atMs: number, ...taints: object[]): string => {
    store.nowMs = atMs;
    return broken(() =>
      store.put('/registry/nodes/n1', { ...named('n1'), spec: { taints } } as object),
    );
  };
  const beat = (atMs: number): void => {
    store.nowMs = atMs;
    store.put('/registry/coordination.k8s.io/leases/kube-node-lease/n1', {
      metadata: { name: 'n1', namespace: 'kube-node-lease' },
    });
  };
  const expel = (atMs: number, name: string, key = unreachable): string => {
    store.nowMs = atMs;
    const tolerations = [{ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }];
    const spec = { nodeName: 'n1', tolerations };
    const condition = { type: 'DisruptionTarget', status: 'True' };
    const conditions = [{ ...condition, reason: 'DeletionByTaintManager' }];
    return broken(() =>
      store.put(podKey(name), { ...named(name), spec, status: { conditions } } as object),
    );
  };
  return { taint, beat, expel };
}

const silent = { key: unreachable, effect: 'NoExecute' };

test('a pod stays for as long as it may', () => {
  const { taint, expel } = world();
  expect(expel(500, 'a')).toMatch(/expelled from n1/);
  taint(1000, silent);
  expect(expel(1500, 'b')).toMatch(/500 ms too early/);
  expect(expel(2000, 'c')).toBe('kept');
  // It does not tolerate this one.
  expect(expel(2000, 'd', 'other')).toBe('kept');
});

test('a taint that was gone for long counts anew', () => {
  const { taint, expel } = world();
  taint(1000, silent);
  taint(1500);
  taint(1600, silent);
  expect(expel(2000, 'a')).toBe('kept');
  taint(2000);
  taint(4000, silent);
  expect(expel(4500, 'b')).toMatch(/500 ms too early/);
});

test('a node that is heard is not called silent', () => {
  const { taint, beat } = world();
  for (const atMs of [1000, 2000, 3000]) beat(atMs);
  expect(taint(3500, silent)).toMatch(/not been for more than 1000 ms/);
  taint(3600);
  beat(6000);
  expect(taint(6100, silent)).toBe('kept');
});

test('where nobody knows who was heard, it may be', () => {
  const { taint, beat } = world(0);
  for (const atMs of [1000, 2000, 3000]) beat(atMs);
  expect(taint(3500, silent)).toBe('kept');
});
