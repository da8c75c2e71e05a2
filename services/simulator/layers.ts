import { drawControlPlan } from './control/plan/draw.ts';
import type { ControlPlan } from './control/plan/plan.ts';
import { type DrawOptions, drawPlan } from './plan/draw.ts';
import type { Plan } from './plan/plan.ts';
import { simulate, type SimulationOptions, type SimulationResult } from './simulation.ts';

/** How much of a cluster is simulated: the store with clients of its own, or all of it. */
export type Layers = 'store' | 'cluster';

export type AnyPlan = Plan | ControlPlan;

export const layersOf = (plan: AnyPlan): Layers => ('layers' in plan ? plan.layers : 'store');

export function drawLayers(layers: Layers, seed: number, options: DrawOptions = {}): AnyPlan {
  return layers === 'store' ? drawPlan(seed, options) : drawControlPlan(seed);
}

export async function simulateLayers(
  plan: AnyPlan,
  options: SimulationOptions = {},
): Promise<SimulationResult> {
  if (!('layers' in plan)) return simulate(plan, options);
  // Most of the production code, which the store alone does not need.
  const { simulateControl } = await import('./control/simulation.ts');
  return simulateControl(plan, options);
}
