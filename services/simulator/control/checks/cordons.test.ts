import { expect, test } from 'vitest';
import { Cordons } from './cordons.ts';
import { broken, Store } from './testing.ts';

const key = '/registry/nodes/n1';
const node = (unschedulable?: boolean) => ({
  metadata: { name: 'n1', uid: 'u1' },
  spec: unschedulable === undefined ? {} : { unschedulable },
});

function setUp() {
  let nowMs = 0;
  const cordons = new Cordons(() => nowMs);
  const store = new Store(cordons);
  const pass = (ms: number): void => {
    nowMs += ms;
    store.nowMs = nowMs;
  };
  return { cordons, store, pass };
}

test('a node stays cordoned until a user asks for something else', () => {
  const { cordons, store, pass } = setUp();
  store.put(key, node());
  cordons.asked('n1', true);
  pass(100);
  store.put(key, node(true));
  pass(60_000);
  cordons.asked('n1', false);
  expect(broken(() => store.put(key, node(false)))).toBe('kept');
});

test('whoever uncordons a node without being asked is found', () => {
  const { cordons, store, pass } = setUp();
  cordons.asked('n1', true);
  store.put(key, node(true));
  pass(60_000);
  expect(broken(() => store.put(key, node(false)))).toBe(
    'n1 is uncordoned at revision 3, and nobody has asked for that',
  );
});

test('a node that is made anew is as it is made', () => {
  const { cordons, store } = setUp();
  cordons.asked('n1', true);
  store.put(key, node(true));
  store.remove(key);
  expect(broken(() => store.put(key, node()))).toBe('kept');
});
