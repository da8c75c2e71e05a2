import { expect, test } from 'vitest';
import { Preconditions } from './preconditions.ts';
import { podKey, Store } from './testing.ts';

test('who is deleted by name and uid is the one', () => {
  const store = new Store();
  const pod = (uid: string) => ({ metadata: { name: 'web-0', namespace: 'default', uid } });
  store.put(podKey('web-0'), pod('old'));
  store.remove(podKey('web-0'));
  const since = store.put(podKey('web-0'), pod('new'));
  const until = store.remove(podKey('web-0'));
  const checker = new Preconditions(store.history);
  const delegated = {
    resourceVersion: undefined,
    who: 'somebody',
    resource: 'pods',
    namespace: 'default',
    name: 'web-0',
  };
  checker.deleted({ ...delegated, uid: 'new', since, until });
  checker.deleted({ ...delegated, uid: 'old', since: 2, until });
  expect(() => checker.deleted({ ...delegated, uid: 'old', since, until })).toThrow(/it was new/);
});

test('who is changed or bound by uid is the one', () => {
  const store = new Store();
  const pod = (uid: string, more: object = {}) =>
    ({ metadata: { name: 'web-0', namespace: 'default', uid }, spec: more }) as object;
  const since = store.put(podKey('web-0'), pod('new'));
  const until = store.put(podKey('web-0'), pod('new', { nodeName: 'n1' }));
  const checker = new Preconditions(store.history);
  const binding = { who: 'scheduler', namespace: 'default', name: 'web-0', since, until };
  checker.bound({ ...binding, uid: 'new' });
  expect(() => checker.bound({ ...binding, uid: 'old' })).toThrow(/is of old, and hits new/);
  checker.hit({ who: 'somebody', what: 'patch', meant: 'new', hit: 'new' });
  expect(() => checker.hit({ who: 'somebody', what: 'patch', meant: 'old', hit: 'new' })).toThrow(
    /patch is of old, and hits new/,
  );
});
