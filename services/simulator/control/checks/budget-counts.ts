import { isPodReady, isPodTerminal, type Pod, type PodDisruptionBudget } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import { newlyDisrupted, paysAgain } from './budgets.ts';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { Change, ObjectHistory } from './objects.ts';

/** What a controller has written. */
interface Count {
  readonly budget: PodDisruptionBudget;
  readonly status: NonNullable<PodDisruptionBudget['status']>;
  /** The version that it rests on. */
  readonly last: PodDisruptionBudget;
}

/** By name: whom a budget has paid for, by uid. */
type Paid = ReadonlyMap<string, string>;

/**
 * What a budget's controller counts is what it may have seen, all of it at one moment: the pods that serve, without
 * those whose eviction has been granted. Such a one is not forgotten while it is there.
 */
export class BudgetCounts implements Checker {
  readonly name = 'counts of budgets';
  readonly #objects: ObjectHistory;
  readonly #patienceMs: number;
  readonly #forgets: boolean;
  /** By uid of a budget. */
  readonly #paid = new Map<string, Paid>();

  /**
   * What was before `patienceMs` is known to all who work; `forgets`: a clock may have jumped past the time for
   * which evictions are remembered.
   */
  constructor(objects: ObjectHistory, patienceMs: number, forgets: boolean) {
    this.#objects = objects;
    this.#patienceMs = patienceMs;
    this.#forgets = forgets;
  }

  changed({ resource, key, atMs, revision, before, after }: Change): void {
    if (resource !== 'policy/poddisruptionbudgets') return;
    const budget: PodDisruptionBudget | undefined = after;
    const last: PodDisruptionBudget = before ?? {};
    if (!budget) this.#paid.delete(uidOf(last));
    const { status } = budget ?? {};
    // A new one has not been counted.
    if (!before || !budget || !status || JSON.stringify(status) === JSON.stringify(last.status))
      return;
    const pays = newlyDisrupted(last, budget);
    const isPayment = pays.length > 0 || paysAgain(last, budget);
    const wrong = isPayment
      ? this.#pays(budget, last, pays)
      : this.#counts({ budget, status, last }, atMs);
    if (wrong !== undefined) throw new BrokenPromise(`${key} ${wrong}, at revision ${revision}`);
  }

  /** An eviction is granted: the pod is the one that has the name now, unless it went this very moment. */
  #pays(budget: PodDisruptionBudget, last: PodDisruptionBudget, names: readonly string[]) {
    const pods = this.#objects.all<Pod>('pods').filter(isBeside(budget));
    const paid = new Map(this.#paid.get(uidOf(budget)));
    for (const name of names) {
      const pod = pods.find((each) => nameOf(each) === name);
      if (pod) paid.set(name, uidOf(pod));
      else paid.delete(name);
    }
    this.#paid.set(uidOf(budget), paid);
    const { disruptedPods = {} } = budget.status ?? {};
    const lost = Object.keys(last.status?.disruptedPods ?? {}).find(
      (name) => !Object.hasOwn(disruptedPods, name),
    );
    return lost === undefined ? undefined : `pays for ${names.join()} and forgets ${lost}`;
  }

  #counts(count: Count, atMs: number) {
    const { budget, status } = count;
    const { currentHealthy, desiredHealthy, disruptionsAllowed, expectedPods } = status;
    const { observedGeneration, disruptedPods = {} } = status;
    const desired = desiredOf(budget, expectedPods);
    const allowed = expectedPods > 0 ? Math.max(0, currentHealthy - desired) : 0;
    if (observedGeneration !== budget.metadata?.generation)
      return `says that it is of generation ${observedGeneration}, and is of ${budget.metadata?.generation}`;
    if (desiredHealthy !== desired || disruptionsAllowed !== allowed)
      return `wants ${desiredHealthy} of ${expectedPods} pods and allows ${disruptionsAllowed} disruptions, instead of ${desired} and ${allowed}`;
    const { namespace = '' } = budget.metadata ?? {};
    const sinceMs = atMs - this.#patienceMs;
    for (const pods of this.#objects.views<Pod>('pods', namespace, sinceMs)) {
      if (this.#isCountOf(count, [...pods.values()])) return undefined;
    }
    const evicted = Object.keys(disruptedPods).join();
    return `counts ${currentHealthy} healthy pods of ${expectedPods} besides those evicted (${evicted}), which were never so many`;
  }

  #isCountOf({ budget, status, last }: Count, all: readonly Pod[]): boolean {
    const labels = Object.entries(budget.spec?.selector?.matchLabels ?? {});
    const covered = all.filter(
      (pod) =>
        !isPodTerminal(pod) &&
        labels.every(([label, value]) => pod.metadata?.labels?.[label] === value),
    );
    const disrupted = status.disruptedPods ?? {};
    const serving = covered.filter(
      (pod) => isPodReady(pod) && !isGoing(pod) && !Object.hasOwn(disrupted, nameOf(pod)),
    );
    if (serving.length !== status.currentHealthy) return false;
    if (countsPods(budget) && covered.length !== status.expectedPods) return false;
    const paid = this.#paid.get(uidOf(budget));
    const isPaidFor = (pod: Pod, name: string): boolean =>
      nameOf(pod) === name && uidOf(pod) === (paid?.get(name) ?? uidOf(pod));
    const stays = (name: string): boolean =>
      covered.some((pod) => isPaidFor(pod, name) && !isGoing(pod));
    const remembers = Object.keys(disrupted);
    return (
      remembers.every((name) => covered.some((pod) => isPaidFor(pod, name))) &&
      (this.#forgets ||
        Object.keys(last.status?.disruptedPods ?? {}).every(
          (name) => remembers.includes(name) || !stays(name),
        ))
    );
  }
}

const isBeside =
  ({ metadata }: PodDisruptionBudget) =>
  (pod: Pod): boolean =>
    pod.metadata?.namespace === metadata?.namespace;

/** And not what those who make them want. */
const countsPods = ({ spec }: PodDisruptionBudget): boolean =>
  spec?.maxUnavailable === undefined && typeof spec?.minAvailable !== 'string';

/** Users here limit by numbers, and not by shares. */
function desiredOf({ spec }: PodDisruptionBudget, expected: number): number {
  const { minAvailable = 1, maxUnavailable } = spec ?? {};
  return maxUnavailable === undefined
    ? Number(minAvailable)
    : Math.max(0, expected - Number(maxUnavailable));
}
