import { expect, test } from 'vitest';
import { PartialUpdates } from './partial-updates.ts';
import { broken, controlledBy, named, podKey, Store } from './testing.ts';

const hash = 'controller-revision-hash';

/** A set of two pods, of which the second is updated. */
function world(partition: number, replicas = 2) {
  const store = new Store(new PartialUpdates(3));
  const set = (generation: number, more: object) =>
    store.put('/registry/apps/statefulsets/default/s', {
      ...named('s', 's', { generation }),
      spec: { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } }, ...more },
    } as object);
  const make = (ordinal: number, revision: string): string => {
    store.remove(podKey(`s-${ordinal}`));
    const owned = { ...controlledBy('StatefulSet', 's'), labels: { [hash]: revision } };
    return broken(() => store.put(podKey(`s-${ordinal}`), named(`s-${ordinal}`, 's', owned)));
  };
  set(1, {});
  make(0, 'old');
  make(1, 'old');
  for (let i = 0; i < 4; i++) store.put(podKey('x'), named('x'));
  set(2, { replicas, updateStrategy: { rollingUpdate: { partition } } });
  set(3, {});
  return make;
}

test('pods below the partition stay of the template that they had', () => {
  const make = world(1);
  expect(make(1, 'new')).toBe('kept');
  expect(make(0, 'old')).toBe('kept');
  expect(make(0, 'new')).toMatch(/below the partition of s: it was of old/);
});

test('where it was lower meanwhile, or the set was empty, they need not', () => {
  expect(world(0)(0, 'new')).toBe('kept');
  expect(world(1, 0)(0, 'new')).toBe('kept');
});
