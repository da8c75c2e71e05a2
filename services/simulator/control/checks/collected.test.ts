import { expect, test } from 'vitest';
import { Collected } from './collected.ts';
import { broken, named, podKey, Store } from './testing.ts';

const owned = (uid: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: uid, uid }],
});

function world() {
  const store = new Store();
  store.put('/registry/namespaces/default', { metadata: { name: 'default' } });
  const check = new Collected(store.history);
  const set = (uid: string, more: object = {}): void =>
    void store.put(`/registry/apps/replicasets/default/${uid}`, named(uid, uid, more));
  const collected = (since: number): string => {
    const pod = { who: 'me', resource: 'pods', namespace: 'default', name: 'p', uid: 'p' };
    const until = store.history.revision;
    return broken(() => check.deleted({ ...pod, resourceVersion: undefined, since, until }));
  };
  const pod = (more: object): number => store.put(podKey('p'), named('p', 'p', more));
  return { set, pod, collected };
}

test('who has an owner is not collected', () => {
  const { set, pod, collected } = world();
  set('a');
  const since = pod(owned('a'));
  expect(collected(since)).toMatch(/belongs to ReplicaSet a/);
  set('a', { deletionTimestamp: 'now' });
  expect(collected(since)).toBe('kept');
  expect(collected(pod({}))).toMatch(/belongs to nobody/);
});

test('who was adopted only afterwards may be', () => {
  const { set, pod, collected } = world();
  set('b');
  const since = pod(owned('a'));
  pod(owned('b'));
  expect(collected(since)).toBe('kept');
});
