import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import type { ControlFault, ControlPlan, UserStep, UserStepKind } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { picks } from './wanted.ts';

const safetyMs = 42_000;

/** Agents that die again and again, and users who do not wait for them; nothing else happens. */
export function asImpatience(plan: ControlPlan, rng: Rng): ControlPlan {
  const nodes = 2;
  const deaths = Array.from({ length: 5 }, (_, i) => ({
    atMs: 5000 + 7000 * i + rng.int(1000),
    kind: pick(rng, ['agent-kill', 'agent-kill', 'node-power'] as const),
    node: rng.int(nodes),
    forMs: 300 + rng.int(1500),
  }));
  const made: readonly UserStepKind[] = ['deployment', 'statefulset', 'deployment', 'job', 'job'];
  return impatient(
    {
      ...undisturbed(plan, safetyMs),
      nodes,
      cpus: 4,
      watchLagMs: pick(rng, [0, 20, 300]),
      faults: deaths,
      clients: [made.map((kind) => ({ afterMs: 400, kind, pick: rng.int(picks) }))],
    },
    rng,
  );
}

/** The same in one seed of three in which agents die, whatever else happens there. */
export const withImpatience = (plan: ControlPlan, rng: Rng): ControlPlan =>
  deathsIn(plan).length === 0 || rng.int(3) > 0 ? plan : impatient(plan, rng);

const deathsIn = ({ faults }: ControlPlan) =>
  faults.flatMap((fault) =>
    fault.kind === 'agent-kill' || fault.kind === 'node-power' ? [fault] : [],
  );

/**
 * Users delete pods just before an agent dies, and by force meanwhile; every second agent hears nobody when it comes
 * back.
 */
function impatient(plan: ControlPlan, rng: Rng): ControlPlan {
  const deaths = deathsIn(plan);
  const silences = deaths
    .filter(() => rng.int(2) === 0)
    .map(
      ({ atMs, forMs, node }): ControlFault => ({
        atMs: atMs + forMs - 1,
        kind: 'node-isolate',
        node,
        direction: 'both',
        forMs: 4000 + rng.int(2000),
      }),
    );
  const takings = deaths.flatMap(({ atMs }): Taking[] => [
    { atMs: atMs - 400, kind: 'delete-pod' },
    { atMs: atMs - 200, kind: 'delete-pod' },
    { atMs: atMs + rng.int(150), kind: 'force-delete' },
    { atMs: atMs + 200 + rng.int(150), kind: 'force-delete' },
  ]);
  const faults = [...plan.faults, ...silences].sort((a, b) => a.atMs - b.atMs);
  return { ...plan, faults, clients: [...plan.clients, inTime(rng, takings)] };
}

interface Taking {
  readonly atMs: number;
  readonly kind: 'delete-pod' | 'force-delete';
}

function inTime(rng: Rng, takings: readonly Taking[]): UserStep[] {
  let spentMs = 0;
  return takings.map(({ atMs, kind }) => {
    const afterMs = Math.max(0, atMs - spentMs);
    spentMs += afterMs;
    return { afterMs, kind, pick: rng.int(picks) };
  });
}
