import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodDisruptionBudget } from '#shared/api';
import { nodeInfo, podInfo } from '../node-info.ts';
import { chooseVictims } from './choose.ts';

const node = (name: string, over: Node['spec'] = {}): Node => ({
  metadata: { name },
  spec: over,
  status: { allocatable: { cpu: '4', memory: '4Gi' } },
});

/** A pod of so much cpu; the later it started, the greater `start`. */
function pod(name: string, cpu: number, priority: number, start = 1): Pod {
  const resources = { requests: { cpu: String(cpu) } };
  return {
    metadata: { name, namespace: 'default', uid: name, labels: { app: name[0] ?? '' } },
    spec: { containers: [{ name: 'c', resources }], priority },
    status: { startTime: `2026-01-01T00:00:0${start}Z` },
  };
}

function budget(app: string, disruptionsAllowed: number): PodDisruptionBudget {
  return {
    metadata: { name: app, namespace: 'default' },
    spec: { selector: { matchLabels: { app } } },
    status: { disruptionsAllowed, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
  };
}

/** `node: victims`, or why nobody goes. */
function chosen(
  wanted: Pod,
  nodes: readonly (readonly [Node, ...Pod[]])[],
  budgets: readonly PodDisruptionBudget[] = [],
): string {
  const infos = nodes.map(([on, ...pods]) =>
    nodeInfo(
      on,
      pods.map((each) => podInfo(each)),
    ),
  );
  const choice = chooseVictims(podInfo(wanted), infos, budgets);
  if (!choice.victims) return choice.reasons.join(', ');
  const names = choice.victims.pods.map(({ pod: victim }) => victim.metadata?.name);
  return `${choice.victims.node}: ${names.join(' ')}`;
}

describe('the choice of victims', () => {
  it('takes no more than it needs, the least important first', () => {
    const a = [node('a'), pod('x', 1, 5), pod('y', 1, 1, 1), pod('z', 1, 1, 2)] as const;
    expect(chosen(pod('p', 2, 10), [a])).toBe('a: z');
    expect(chosen(pod('p', 3, 10), [a])).toBe('a: y z');
    expect(chosen(pod('p', 4, 10), [a])).toBe('a: x y z');
  });

  it('spares equals, and says where none goes', () => {
    const nodes = [[node('a'), pod('x', 4, 10)]] as const;
    expect(chosen(pod('p', 1, 10), nodes)).toBe('No preemption victims found for incoming pod');
    const mixed = [[node('a'), pod('x', 3, 10), pod('y', 1, 1)]] as const;
    expect(chosen(pod('p', 2, 10), mixed)).toBe('Insufficient cpu');
  });

  it('does not touch nodes that would refuse the pod if they were empty', () => {
    const taints = [{ key: 'k', effect: 'NoSchedule' }];
    const nodes = [[node('a', { taints }), pod('x', 4, 1)]] as const;
    expect(chosen(pod('p', 1, 10), nodes)).toBe('Preemption is not helpful for scheduling');
    expect(chosen(pod('p', 5, 10), [[node('b'), pod('x', 4, 1)]])).toBe(
      'Preemption is not helpful for scheduling',
    );
  });

  it('leaves those whom the pod wants beside it', () => {
    const zoned = (name: string, zone: string): Node => ({
      ...node(name),
      metadata: { name, labels: { zone } },
    });
    const together = (wanted: Pod, app: string): Pod => {
      const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app } } };
      const podAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [term] };
      return { ...wanted, spec: { containers: [], ...wanted.spec, affinity: { podAffinity } } };
    };
    const here = [zoned('a', 'a'), pod('x', 2, 10), pod('y', 2, 1)] as const;
    const there = [zoned('b', 'b')] as const;
    expect(chosen(together(pod('p', 2, 10), 'x'), [here, there])).toBe('a: y');
    expect(chosen(together(pod('p', 2, 10), 'z'), [here, there])).toBe(
      "node(s) didn't match pod affinity rules, Preemption is not helpful for scheduling",
    );
  });

  it('prefers nodes where the most important victim matters less, then fewer, then younger ones', () => {
    const high = [node('a'), pod('x', 4, 5)] as const;
    const low = [node('b'), pod('y', 4, 1)] as const;
    expect(chosen(pod('p', 4, 10), [high, low])).toBe('b: y');
    const two = [node('a'), pod('x', 2, 1), pod('z', 2, 1)] as const;
    expect(chosen(pod('p', 4, 10), [two, low])).toBe('b: y');
    const young = [node('c'), pod('z', 4, 1, 9)] as const;
    expect(chosen(pod('p', 4, 10), [low, young])).toBe('c: z');
  });

  it('overdraws a budget only where nothing else helps', () => {
    const guarded = [node('a'), pod('x', 4, 1)] as const;
    const free = [node('b'), pod('y', 4, 5)] as const;
    expect(chosen(pod('p', 4, 10), [guarded, free], [budget('x', 0)])).toBe('b: y');
    expect(chosen(pod('p', 4, 10), [guarded], [budget('x', 0)])).toBe('a: x');
    // Of two pods of one budget that allows one, the second would overdraw it: it stays if it can.
    const both = [node('a'), pod('x1', 2, 1, 1), pod('x2', 2, 1, 2)] as const;
    expect(chosen(pod('p', 2, 10), [both], [budget('x', 1)])).toBe('a: x1');
    expect(chosen(pod('p', 2, 10), [both], [budget('x', 2)])).toBe('a: x2');
  });
});
