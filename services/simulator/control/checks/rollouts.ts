import { type Deployment, getControllerOf, type KubeObject, type ReplicaSet } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** A ReplicaSet's size, and how many of its pods serve. */
interface Size {
  readonly replicas: number;
  readonly available: number;
}

/** A Deployment as it was from some moment on. */
interface Past {
  readonly atMs: number;
  readonly revision: number;
  readonly sizes: ReadonlyMap<string, Size>;
  readonly min: number;
  readonly max: number;
}

interface Known {
  deployment: Deployment | undefined;
  readonly sets: Map<string, ReplicaSet>;
  past: Past[];
}

const desiredReplicas = 'deployment.kubernetes.io/desired-replicas';

/**
 * Rolling updates stay within maxSurge and maxUnavailable: each write of a size must be right by what
 * its writer may have known.
 */
export class Rollouts implements Checker {
  readonly name = 'rolling updates';
  readonly #known = new Map<string, Known>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    if (change.resource === 'apps/deployments') this.#deployment(change);
    if (change.resource === 'apps/replicasets') this.#replicaSet(change);
  }

  #deployment({ atMs, revision, before, after }: Change): void {
    const uid = uidOf(after ?? before ?? {});
    const known = this.#of(uid);
    known.deployment = after;
    this.#remember(known, atMs, revision);
    if (!after) this.#known.delete(uid);
  }

  #replicaSet({ atMs, key, revision, before, after }: Change): void {
    const owner = getControllerOf(after ?? before ?? {})?.uid;
    if (owner === undefined) return;
    const known = this.#of(owner);
    const uid = uidOf(after ?? before ?? {});
    const set = after;
    if (set) known.sets.set(uid, set);
    else known.sets.delete(uid);
    if (set && isRolling(known)) {
      const was = before === undefined ? 0 : replicasOf(before);
      const what = `${key} at revision ${revision}`;
      if (replicasOf(set) > was) this.#grows(known, what);
      else if (replicasOf(set) < was && !isScaling(before, set)) {
        this.#shrinks(known, Number(before?.metadata?.resourceVersion ?? 0), what);
      }
    }
    this.#remember(known, atMs, revision);
  }

  #grows({ sets, past, deployment }: Known, what: string): void {
    const total = [...sets.values()].reduce((sum, set) => sum + replicasOf(set), 0);
    const most = Math.max(limitsOf(deployment).max, ...past.map(({ max }) => max));
    if (total <= most || past.length === 0) return;
    throw new BrokenPromise(`${what} makes it ${total} pods, of ${most} that there may be`);
  }

  /**
   * An update rests on the version before it, and one watch shows all ReplicaSets in order: its
   * writer knew at least what had become of them by that version.
   */
  #shrinks({ sets, past, deployment }: Known, knownRevision: number, what: string): void {
    const min = Math.min(limitsOf(deployment).min, ...past.map((each) => each.min));
    const isRight = ({ sizes }: Past): boolean => {
      let before = 0;
      let after = 0;
      for (const [uid, { replicas, available }] of sizes) {
        const set = sets.get(uid);
        before += Math.min(replicas, available);
        after += Math.min(set ? replicasOf(set) : 0, available);
      }
      return after >= Math.min(min, before);
    };
    const later = past.filter(({ revision }) => revision >= knownRevision);
    if (later.length === 0 || later.some(isRight)) return;
    throw new BrokenPromise(`${what} leaves fewer pods than the ${min} that must be available`);
  }

  #remember(known: Known, atMs: number, revision: number): void {
    const { min, max } = limitsOf(known.deployment);
    const sizes = new Map([...known.sets].map(([uid, set]) => [uid, sizeOf(set)]));
    known.past.push({ atMs, revision, sizes, min, max });
    // The one that was in force at the beginning stays.
    const from = known.past.findLastIndex((past) => past.atMs <= atMs - this.#patienceMs);
    if (from > 0) known.past = known.past.slice(from);
  }

  #of(uid: string): Known {
    const known = this.#known.get(uid) ?? { deployment: undefined, sets: new Map(), past: [] };
    this.#known.set(uid, known);
    return known;
  }
}

const replicasOf = (set: ReplicaSet): number => set.spec?.replicas ?? 1;
const sizeOf = (set: ReplicaSet): Size => ({
  replicas: replicasOf(set),
  available: set.status?.availableReplicas ?? 0,
});

const isRolling = ({ deployment }: Known): boolean =>
  deployment !== undefined &&
  !isGoing(deployment) &&
  deployment.spec?.strategy?.type === 'RollingUpdate';

/** A change of the Deployment's size is shared out whatever is available. */
const isScaling = (before: KubeObject | undefined, after: KubeObject): boolean =>
  before?.metadata?.annotations?.[desiredReplicas] !==
  after.metadata?.annotations?.[desiredReplicas];

function limitsOf(deployment: Deployment | undefined): { min: number; max: number } {
  const { replicas = 1, strategy } = deployment?.spec ?? {};
  if (strategy?.type !== 'RollingUpdate') return { min: 0, max: Infinity };
  const { maxSurge = 0, maxUnavailable = 0 } = strategy.rollingUpdate ?? {};
  // Users here say numbers, and no percentages.
  return { min: replicas - Number(maxUnavailable), max: replicas + Number(maxSurge) };
}
