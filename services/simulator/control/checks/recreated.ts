import {
  type Deployment,
  getControllerOf,
  isPodTerminal,
  type KubeObject,
  type Pod,
  type ReplicaSet,
} from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** Since when somebody is controlled by whom. */
interface Controlled {
  readonly by: string;
  readonly sinceMs: number;
}

/** A Deployment that is replaced at once makes no new pods beside old ones. */
export class Recreated implements Checker {
  readonly name = 'replaced at once';
  /** By uid of a Deployment: since when it is to be replaced at once. */
  readonly #recreates = new Map<string, number>();
  /** By uid, of all ReplicaSets and of the pods that have not ended. */
  readonly #sets = new Map<string, Controlled>();
  readonly #pods = new Map<string, Controlled>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    const { resource, atMs, before, after } = change;
    const uid = uidOf(after ?? before ?? {});
    if (resource === 'apps/deployments') {
      if (!after || !isRecreated(after)) this.#recreates.delete(uid);
      else if (!this.#recreates.has(uid)) this.#recreates.set(uid, atMs);
    }
    if (resource === 'pods') {
      const pod: Pod | undefined = after;
      follow(this.#pods, uid, pod && !isPodTerminal(pod) ? pod : undefined, atMs);
    }
    if (resource !== 'apps/replicasets') return;
    follow(this.#sets, uid, after, atMs);
    if (after && sizeOf(after) > (before ? sizeOf(before) : 0)) this.#grows(uid, change);
  }

  #grows(uid: string, { key, revision, atMs }: Change): void {
    const known = atMs - this.#patienceMs;
    const owner = this.#sets.get(uid)?.by ?? '';
    if ((this.#recreates.get(owner) ?? Infinity) > known) return;
    for (const [pod, { by, sinceMs }] of this.#pods) {
      const set = this.#sets.get(by);
      if (by === uid || set?.by !== owner || Math.max(set.sinceMs, sinceMs) > known) continue;
      throw new BrokenPromise(
        `${key} grows at revision ${revision} beside an old pod (uid ${pod}), which is to be gone first`,
      );
    }
  }
}

/** `object`: undefined where it is not there any more, or does not matter. */
function follow(
  all: Map<string, Controlled>,
  uid: string,
  object: KubeObject | undefined,
  atMs: number,
): void {
  const by = object && getControllerOf(object)?.uid;
  if (by === undefined) all.delete(uid);
  else if (all.get(uid)?.by !== by) all.set(uid, { by, sinceMs: atMs });
}

const sizeOf = ({ spec }: ReplicaSet): number => spec?.replicas ?? 1;

const isRecreated = (deployment: Deployment): boolean =>
  !isGoing(deployment) &&
  !deployment.spec?.paused &&
  deployment.spec?.strategy?.type === 'Recreate';
