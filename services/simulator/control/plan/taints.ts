import type { Rng } from '#shared/base';
import { pick } from '../../plan/pickers.ts';
import { daemonSet } from '../users/manifests.ts';
import type { ControlPlan, UserStep } from './plan.ts';
import { undisturbed } from './undisturbed.ts';
import { isPlain, pickWhere } from './wanted.ts';

const safetyMs = 30_000;

/**
 * Nodes that take nobody for a while, or send pods away, and a DaemonSet whose pods go and are replaced meanwhile; or
 * nodes that are labelled otherwise, and one that chooses them by that.
 */
export function asTaints(plan: ControlPlan, rng: Rng): ControlPlan {
  const rest = {
    ...undisturbed(plan, safetyMs),
    nodes: 3,
    cpus: 4,
    watchLagMs: pick(rng, [0, 20, 300]),
  };
  const clients = [daemons(rng), nodes(rng)];
  return { ...rest, clients: rng.int(3) > 0 ? clients : [choosing(rng)] };
}

function choosing(rng: Rng): UserStep[] {
  const made = pickWhere(rng, (one) => {
    const { nodeSelector, ...others } = daemonSet('', one).spec?.template?.spec ?? {};
    return nodeSelector !== undefined && isPlain(others);
  });
  return [
    { afterMs: 500, kind: 'daemonset', pick: made },
    ...Array.from({ length: 8 }, () => ({
      afterMs: 1500 + rng.int(2000),
      kind: 'rezone' as const,
      pick: rng.int(1000),
    })),
  ];
}

function daemons(rng: Rng): UserStep[] {
  const made = pickWhere(rng, (one) => {
    const { template } = daemonSet('', one).spec ?? {};
    return isPlain(template?.spec ?? {}) && template?.spec?.tolerations === undefined;
  });
  return [
    { afterMs: 500, kind: 'daemonset', pick: made },
    ...Array.from({ length: 9 }, (_, i) => ({
      afterMs: 1500 + rng.int(2500),
      ...(i % 2 === 0
        ? { kind: 'delete-pod' as const, pick: rng.int(1000) }
        : // Of the DaemonSet.
          { kind: 'restart' as const, pick: 1003 + 4 * i }),
    })),
  ];
}

const kinds = ['taint', 'taint', 'untaint', 'cordon', 'uncordon'] as const;

const nodes = (rng: Rng): UserStep[] =>
  Array.from({ length: 12 }, () => ({
    afterMs: 1000 + rng.int(3000),
    kind: pick(rng, kinds),
    pick: rng.int(1000),
  }));
