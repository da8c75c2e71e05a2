import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { broken, named, podKey, Store } from './testing.ts';
import { UniqueAddresses } from './unique-addresses.ts';

function world() {
  const store = new Store(new UniqueAddresses());
  const nodeKey = (name: string): string => `/registry/nodes/${name}`;
  return {
    comes: (name: string, podCIDR: string): string =>
      broken(() => store.put(nodeKey(name), { ...named(name), spec: { podCIDR } } as KubeObject)),
    goes: (name: string) => store.remove(nodeKey(name)),
    runs: (name: string, nodeName: string, podIP: string): string => {
      const pod = { ...named(name), spec: { nodeName }, status: { podIP } } as KubeObject;
      return broken(() => store.put(podKey(name), pod));
    },
  };
}

const one = '127.64.1.0/24';
const two = '127.64.2.0/24';

test('two pods do not have one address, nor two nodes one range', () => {
  const { comes, runs } = world();
  comes('n1', one);
  expect(comes('n2', one)).toMatch(/is \/registry\/nodes\/n1's and/);
  runs('a', 'n1', '127.64.1.2');
  expect(runs('b', 'n1', '127.64.1.2')).toMatch(/127.64.1.2 is/);
});

test('what a node had that is away may be given to another one', () => {
  const { comes, goes, runs } = world();
  comes('n1', one);
  runs('a', 'n1', '127.64.1.2');
  goes('n1');
  expect(comes('n2', one)).toBe('kept');
  expect(comes('n1', two)).toBe('kept');
  expect(runs('b', 'n2', '127.64.1.2')).toBe('kept');
  expect(runs('a', 'n1', '127.64.1.2')).toBe('kept');
  expect(runs('c', 'n2', '127.64.1.2')).toMatch(/127.64.1.2 is/);
});

test('a node that comes again has the range of its pods, if nobody else has it', () => {
  const { comes, goes, runs } = world();
  comes('n1', one);
  runs('a', 'n1', '127.64.1.2');
  goes('n1');
  expect(comes('n1', two)).toMatch(/n1 comes again with 127.64.2.0\/24 .* in 127.64.1.0\/24/);
});
