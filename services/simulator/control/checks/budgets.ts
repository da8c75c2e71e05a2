import { isPodReady, type Pod, type PodDisruptionBudget } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf } from './metadata.ts';
import type { Change, ObjectHistory } from './objects.ts';

/** An eviction that was granted. */
export interface Granted {
  readonly namespace: string;
  readonly name: string;
  /** Of the store, when it was asked for and when it was answered. */
  readonly since: number;
  readonly until: number;
}

/**
 * Every eviction of a pod that serves is paid for by its budget, which never owes anything, and so is that of one that
 * does not serve where too few do.
 */
export class Budgets implements Checker {
  readonly name = 'disruption budgets';
  readonly #objects: ObjectHistory;
  /** Pods that somebody asked to delete, who needs no budget for that. */
  readonly #deleted = new Set<string>();

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  changed({ resource, key, revision, before, after }: Change): void {
    if (resource !== 'policy/poddisruptionbudgets' || !after) return;
    const { status }: PodDisruptionBudget = after;
    const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
    if (
      disruptionsAllowed < 0 ||
      disruptionsAllowed > Math.max(0, currentHealthy - desiredHealthy)
    ) {
      throw new BrokenPromise(
        `${key} allows ${disruptionsAllowed} disruptions at revision ${revision}: ${currentHealthy} are healthy, ${desiredHealthy} must be`,
      );
    }
    const last: PodDisruptionBudget | undefined = before;
    const lastAllowed = last?.status?.disruptionsAllowed ?? 0;
    for (const pod of newlyDisrupted(last, after)) {
      if ((last?.status?.observedGeneration ?? 0) < (last?.metadata?.generation ?? 0)) {
        throw new BrokenPromise(
          `${key} pays for ${pod} at revision ${revision}, and nobody has counted since it was changed`,
        );
      }
      if (disruptionsAllowed === lastAllowed - 1) continue;
      throw new BrokenPromise(
        `${key} pays for ${pod} at revision ${revision}: ${lastAllowed} become ${disruptionsAllowed}`,
      );
    }
  }

  /** Whoever is asked for it, and whatever becomes of it. */
  deleted(namespace: string, name: string): void {
    this.#deleted.add(`${namespace}/${name}`);
  }

  evicted({ namespace, name, since, until }: Granted): void {
    if (this.#deleted.has(`${namespace}/${name}`)) return;
    const versions = this.#between<Pod>(
      'pods',
      namespace,
      since,
      until,
      (pod) => nameOf(pod) === name,
    );
    const [begin] = versions;
    if (!begin || isGoing(begin)) return;
    const serving = versions.every(serves);
    if (!serving && !versions.every(runsIdly)) return;
    const labels = begin.metadata?.labels ?? {};
    const covers = ({ spec }: PodDisruptionBudget): boolean =>
      Object.entries(spec?.selector?.matchLabels ?? {}).every(([key, is]) => labels[key] === is);
    const budgets = this.#between('policy/poddisruptionbudgets', namespace, since, until, covers);
    if (new Set(budgets.map(nameOf)).size !== 1) return;
    // There may have been none when it was looked for.
    const [first] = budgets;
    if (Number(first?.metadata?.resourceVersion) > since) return;
    // Also by an eviction that was asked for before, and whose deletion of the pod this one found.
    const paid = this.#objects
      .changesAfter('policy/poddisruptionbudgets', this.#madeAt(begin))
      .some(
        (change) =>
          change.revision <= until &&
          change.after !== undefined &&
          nameOf(change.after) === nameOf(first ?? {}) &&
          isPaymentFor(name, change.before, change.after),
      );
    const removed = this.#objects
      .changesAfter('policy/poddisruptionbudgets', since)
      .some((change) => change.revision <= until && !change.after);
    if (paid || removed || (!serving && budgets.some(hasEnough))) return;
    throw new BrokenPromise(
      `pod ${name} was evicted between revisions ${since} and ${until}, and its budget did not pay`,
    );
  }

  /** The revision that made a pod. */
  #madeAt(pod: Pod): number {
    const isMaking = ({ before, after }: Change): boolean =>
      !before && after?.metadata?.uid === pod.metadata?.uid;
    return this.#objects.changes('pods').find(isMaking)?.revision ?? 0;
  }

  /** Versions in force within these revisions, the first of them at its beginning. */
  #between<T extends object>(
    resource: string,
    namespace: string,
    since: number,
    until: number,
    isWanted: (object: T) => boolean,
  ): T[] {
    const first = [...this.#objects.asOf(resource, since).values()];
    const later = this.#objects
      .changesAfter(resource, since)
      .flatMap(({ revision, after }) => (after && revision <= until ? [after] : []));
    return ([...first, ...later] as T[]).filter(
      (each) => (each as Pod).metadata?.namespace === namespace && isWanted(each),
    );
  }
}

const serves = (pod: Pod): boolean => pod.status?.phase === 'Running' && isPodReady(pod);
const runsIdly = (pod: Pod): boolean => pod.status?.phase === 'Running' && !isPodReady(pod);

/** Who does not serve goes for nothing. */
function hasEnough({ spec, status }: PodDisruptionBudget): boolean {
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  const isEnough = desiredHealthy > 0 && currentHealthy >= desiredHealthy;
  return isEnough || spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow';
}

function isPaymentFor(
  name: string,
  before: PodDisruptionBudget | undefined,
  after: PodDisruptionBudget,
): boolean {
  const names = newlyDisrupted(before, after);
  if (names.length > 0) return names.includes(name);
  return paysAgain(before, after) && Object.hasOwn(after.status?.disruptedPods ?? {}, name);
}

/** For one that it has paid for in the same second: only its allowance says so. */
export function paysAgain(
  before: PodDisruptionBudget | undefined,
  { status }: PodDisruptionBudget,
): boolean {
  const last = before?.status?.disruptionsAllowed ?? 0;
  const spent = { ...before?.status, disruptionsAllowed: last - 1 };
  return JSON.stringify(status) === JSON.stringify(spent);
}

/** Whom a write of the budget pays for. */
export function newlyDisrupted(
  before: PodDisruptionBudget | undefined,
  after: PodDisruptionBudget,
): string[] {
  const known = before?.status?.disruptedPods ?? {};
  return Object.entries(after.status?.disruptedPods ?? {}).flatMap(([name, since]) =>
    known[name] === since ? [] : [name],
  );
}
