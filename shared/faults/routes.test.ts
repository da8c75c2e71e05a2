import { expect, test } from 'vitest';
import { noLinkFault } from './fault.ts';
import { type FaultTarget, linkRoutes, partitionRoutes } from './routes.ts';

const targets: FaultTarget[] = [
  { name: 'm1', role: 'master' },
  { name: 'm2', role: 'master' },
  { name: 'w1', role: 'worker' },
];
const { kind: _kind, peer: _peer, direction: _direction, ...none } = noLinkFault;
const numbers = { ...none, drop: 1 };
const short = (routes: ReturnType<typeof linkRoutes>): string[] =>
  routes.map(({ process, spec }) =>
    spec.kind === 'link' ? `${process}: ${spec.direction} ${spec.peer}` : '',
  );

test('a link is disturbed where it is known who is at its other end', () => {
  const from = (a: string, b: string): string[] => short(linkRoutes(targets, a, b, numbers));
  expect(from('m1', 'm2')).toEqual(['m1: out m2']);
  expect(from('w1', 'm2')).toEqual(['w1: out m2']);
  expect(from('m2', 'w1')).toEqual(['w1: in m2']);
  expect(from('clients', 'm1')).toEqual(['m1: in clients']);
  expect(from('m1', 'clients')).toEqual(['m1: out clients']);
  expect(from('m1', '*')).toEqual(['m1: out m2', 'w1: in m1']);
  expect(() => from('m1', 'm9')).toThrow('there are m1, m2, w1');
  expect(() => from('m1', 'm1')).toThrow('no link');
});

test('a partition cuts every link between its groups, and no other', () => {
  expect(short(partitionRoutes(targets, [['m1', 'w1']], numbers))).toEqual([
    'm1: both m2',
    'm2: both m1',
    'w1: both m2',
  ]);
  expect(() => partitionRoutes(targets, [['m1', 'm2', 'w1']], numbers)).toThrow('two sides');
  expect(() => partitionRoutes(targets, [['m1'], ['m2', 'm1']], numbers)).toThrow('named twice');
});
