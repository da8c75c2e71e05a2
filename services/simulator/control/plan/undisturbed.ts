import type { ControlPlan } from './plan.ts';

/** As drawn, for that long, but with no pace of its own and nothing that fails: what a plan of one kind begins with. */
export function undisturbed(plan: ControlPlan, safetyMs: number): ControlPlan {
  const { pace: _, ...rest } = plan;
  return { ...rest, store: { ...plan.store, safetyMs }, safetyMs, faults: [] };
}
