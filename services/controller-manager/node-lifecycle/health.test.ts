import { describe, expect, it } from 'vitest';
import type { Lease, Node } from '#shared/api';
import { NodeHealth } from './health.ts';

const node: Node = { metadata: { name: 'a', uid: 'u' } };
const lease = (renewTime: string) => (): Lease => ({ spec: { renewTime } });

describe('hearing of nodes', () => {
  it('counts from when a sign was seen to change, whatever time it says', () => {
    const health = new NodeHealth(500);
    health.observe([node], lease('yesterday'), 0);
    health.observe([node], lease('yesterday'), 500);
    expect(health.silentMs('a', 900)).toBe(900);
    health.observe([node], lease('the day before'), 1_000);
    expect(health.silentMs('a', 1_200)).toBe(200);
  });

  it('does not hold against a node that nobody looked', () => {
    const health = new NodeHealth(500);
    health.observe([node], lease('x'), 0);
    health.observe([node], lease('x'), 500);
    health.observe([node], lease('x'), 60_000);
    expect(health.silentMs('a', 60_000)).toBe(1_000);
  });
});
