import { expect, test } from 'vitest';
import { Taints } from './taints.ts';
import { broken, named, Store } from './testing.ts';

test('controllers leave the taints of users', () => {
  const store = new Store();
  const check = new Taints(store.history);
  const write = (...keys: string[]): string => {
    const taints = keys.map((key) => ({ key, effect: 'NoSchedule' }));
    const version = store.put('/registry/nodes/n1', { ...named('n1'), spec: { taints } } as object);
    const answer = { metadata: { name: 'n1', resourceVersion: String(version) } };
    const what = { who: 'c', resource: 'nodes', subresource: undefined, expected: '' };
    return broken(() => check.wrote({ ...what, answer }));
  };
  write('mine');
  expect(write('node.kubernetes.io/not-ready', 'mine')).toBe('kept');
  expect(write('node.kubernetes.io/not-ready')).toMatch(/\[mine=:NoSchedule\] become \[\]/);
  expect(write()).toBe('kept');
});
