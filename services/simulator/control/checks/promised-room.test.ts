import { expect, test } from 'vitest';
import { PromisedRoom } from './promised-room.ts';
import { broken, named, podKey, Store } from './testing.ts';

test('promised room is taken by more important pods only', () => {
  const store = new Store(new PromisedRoom(100));
  store.put('/registry/nodes/n1', {
    ...named('n1'),
    status: { allocatable: { cpu: '1' } },
  } as object);
  const put = (atMs: number, name: string, spec: object, status: object = {}): string => {
    store.nowMs = atMs;
    const containers = [{ resources: { requests: { cpu: '600m' } } }];
    const pod = { ...named(name), spec: { containers, ...spec }, status };
    return broken(() => store.put(podKey(name), pod));
  };
  const promised = { nominatedNodeName: 'n1' };
  put(1_000, 'w', { priority: 5 }, promised);
  put(1_000, 'a', { priority: 5 });
  expect(put(1_050, 'b', { priority: 1, nodeName: 'n1' })).toBe('kept');
  store.remove(podKey('b'));
  expect(put(2_000, 'a', { priority: 5, nodeName: 'n1' })).toMatch(/was promised to w/);
  store.remove(podKey('a'));
  expect(put(2_000, 'c', { priority: 6, nodeName: 'n1' })).toBe('kept');
});
