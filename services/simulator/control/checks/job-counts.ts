import { getControllerOf, isPodActive, type Job, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** Of a Job that has been decided. */
const endings: readonly string[] = ['FailureTarget', 'Failed', 'SuccessCriteriaMet', 'Complete'];

const isTracked = (pod: Pod | undefined): boolean =>
  pod?.metadata?.finalizers?.includes('batch.kubernetes.io/job-tracking') === true;

/**
 * A Job counts each pod that succeeded once, is done when enough have, gives up when too many failed, and
 * has no more pods at work than are missing.
 */
export class JobCounts implements Checker {
  readonly name = 'counts of jobs';
  /** By the Job's uid: pods that ever were Succeeded. */
  readonly #succeeded = new Map<string, Set<string>>();

  /** By the Job's uid: how many are to succeed. */
  readonly #completions = new Map<string, number>();
  /** By the Job's uid and the pod's: those at work, or that have succeeded and were never sent away. */
  readonly #useful = new Map<string, Set<string>>();
  /** Pods that were taken the finalizer of before they had succeeded. */
  readonly #letGo = new Set<string>();
  /** By the Job's uid and an index: the pod that is at it. */
  readonly #working = new Map<string, string>();
  #isUncertain = false;

  /** A create of a pod was not answered for sure: it may be made again. */
  uncertain(): void {
    this.#isUncertain = true;
  }

  changed({ resource, key, revision, before, after }: Change): void {
    if (resource === 'pods') {
      this.#pod(after);
      this.#index(key, revision, before, after);
      this.#missing(key, revision, before, after);
    }
    if (resource !== 'batch/jobs' || !after) return;
    const { spec, status }: Job = after;
    if (spec?.completions !== undefined) this.#completions.set(uidOf(after), spec.completions);
    const counted = status?.succeeded ?? 0;
    const known = this.#succeeded.get(uidOf(after))?.size ?? 0;
    if (counted > known) {
      throw new BrokenPromise(
        `${key} counts ${counted} that succeeded at revision ${revision}, but ${known} did`,
      );
    }
    const complete = status?.conditions?.some(
      ({ type, status: is }) => type === 'Complete' && is === 'True',
    );
    if (complete && counted < (spec?.completions ?? 1)) {
      throw new BrokenPromise(`${key} is complete with ${counted} of ${spec?.completions}`);
    }
    const limit = spec?.backoffLimit ?? 6;
    const ends = status?.conditions?.some(
      ({ type, status: is }) => endings.includes(type) && is === 'True',
    );
    if ((status?.failed ?? 0) > limit && !ends) {
      throw new BrokenPromise(
        `${key} goes on at revision ${revision} after ${status?.failed} failures of ${limit}`,
      );
    }
  }

  /** An index has one pod at a time, but for those on their way out. */
  #index(key: string, revision: number, before?: Pod, after?: Pod): void {
    const pod = after ?? before ?? {};
    const index = pod.metadata?.annotations?.['batch.kubernetes.io/job-completion-index'];
    const owner = getControllerOf(pod)?.uid;
    if (index === undefined || owner === undefined || this.#isUncertain) return;
    const place = `${owner}/${index}`;
    const holder = this.#working.get(place);
    if (!after || !isPodActive(after)) {
      if (holder === key) this.#working.delete(place);
      return;
    }
    if (holder !== undefined && holder !== key) {
      throw new BrokenPromise(`${key} and ${holder} are at index ${index} at revision ${revision}`);
    }
    this.#working.set(place, key);
  }

  /** However old what its controller knows is: one that has failed since is one less. */
  #missing(key: string, revision: number, before?: Pod, after?: Pod): void {
    const pod = after ?? before ?? {};
    const uid = uidOf(pod);
    const job = getControllerOf(pod)?.uid ?? '';
    const useful = this.#useful.get(job) ?? new Set();
    this.#useful.set(job, useful);
    const succeeded = useful.has(uid) && (after ?? before)?.status?.phase === 'Succeeded';
    // Its controller lets go of a pod before it deletes it, as Kubernetes' does: what becomes of it then does not count.
    if (!succeeded && isTracked(before) && !isTracked(after)) this.#letGo.add(uid);
    if (succeeded) return;
    if (!after || !isPodActive(after) || this.#letGo.has(uid)) {
      useful.delete(uid);
      return;
    }
    useful.add(uid);
    const wanted = this.#completions.get(job);
    if (before || wanted === undefined || useful.size <= wanted || this.#isUncertain) return;
    throw new BrokenPromise(
      `${key} is made at revision ${revision}, and ${useful.size - 1} of the Job's ${wanted} are at work or have succeeded`,
    );
  }

  #pod(pod: Pod | undefined): void {
    if (pod?.status?.phase !== 'Succeeded') return;
    const owner = getControllerOf(pod)?.uid ?? '';
    const known = this.#succeeded.get(owner) ?? new Set();
    this.#succeeded.set(owner, known.add(uidOf(pod)));
  }
}
