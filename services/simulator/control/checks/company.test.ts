import { expect, test } from 'vitest';
import type { Node, Pod } from '#shared/api';
import { unwelcome } from './company.ts';
import { nodeFor, nodeToClear } from './fits.ts';

const labelSelector = { matchLabels: { app: 'web' } };

const node = (name: string, zone?: string): Node => ({
  metadata: { name, labels: { host: name, ...(zone && { zone }) } },
  status: { allocatable: { cpu: '1' } },
});

function pod(name: string, spec: object = {}, nodeName?: string): Pod {
  const resources = { requests: { cpu: '600m' } };
  return {
    metadata: { name, uid: name, namespace: 'default', labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', resources }], ...spec, ...(nodeName && { nodeName }) },
  };
}

const terms = (topologyKey: string) => ({
  requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector }],
});
const apart = { affinity: { podAntiAffinity: terms('zone') } };
const together = { affinity: { podAffinity: terms('zone') } };

const nodes = [node('n1', 'a'), node('n2', 'a'), node('n3', 'b'), node('n4')];
const welcoming = (wanted: Pod, ...pods: Pod[]): string[] =>
  nodes
    .filter((each) => unwelcome(wanted, each, { nodes, pods }) === '')
    .map(({ metadata }) => metadata?.name ?? '');

test('pods avoid places of others, and others avoid them', () => {
  expect(welcoming(pod('p', apart), pod('x', {}, 'n1'))).toEqual(['n3', 'n4']);
  expect(welcoming(pod('p'), pod('x', apart, 'n1'))).toEqual(['n3', 'n4']);
  const ended = { ...pod('x', apart, 'n1'), status: { phase: 'Failed' } };
  expect(welcoming(pod('p', apart), ended)).toEqual(['n1', 'n2', 'n3', 'n4']);
});

test('pods go where others are, and the first goes anywhere with the label', () => {
  expect(welcoming(pod('p', together), pod('x', {}, 'n3'))).toEqual(['n3']);
  expect(welcoming(pod('p', together))).toEqual(['n1', 'n2', 'n3']);
});

test('pods are spread over places', () => {
  const constraint = { topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' };
  const spread = { topologySpreadConstraints: [{ ...constraint, labelSelector }] };
  expect(welcoming(pod('p', spread), pod('x', {}, 'n1'))).toEqual(['n3']);
  expect(welcoming(pod('p', spread), pod('x', {}, 'n1'), pod('y', {}, 'n3'))).toEqual([
    'n1',
    'n2',
    'n3',
  ]);
});

test('a node has room, or would have it without less important pods', () => {
  const one = { nodes: [node('n1', 'a')], pods: [pod('x', { priority: 1 }, 'n1')] };
  expect(nodeFor(pod('p'), one)).toBeUndefined();
  expect(nodeToClear(pod('p', { priority: 1 }), one)).toBeUndefined();
  expect(nodeToClear(pod('p', { priority: 2 }), one)).toBe('n1');
  expect(nodeFor(pod('p'), { ...one, pods: [] })).toBe('n1');
});
