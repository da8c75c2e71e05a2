import { getControllerOf, type Job, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

/** Of a Job that has been decided. */
const endings: readonly string[] = ['FailureTarget', 'Failed', 'SuccessCriteriaMet', 'Complete'];

/** A Job counts each pod that succeeded once, is done when enough have, and gives up when too many failed. */
export class JobCounts implements Checker {
  readonly name = 'counts of jobs';
  /** By the Job's uid: pods that ever were Succeeded. */
  readonly #succeeded = new Map<string, Set<string>>();

  changed({ resource, key, revision, after }: Change): void {
    if (resource === 'pods') this.#pod(after);
    if (resource !== 'batch/jobs' || !after) return;
    const { spec, status, metadata }: Job = after;
    const counted = status?.succeeded ?? 0;
    const known = this.#succeeded.get(metadata?.uid ?? '')?.size ?? 0;
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

  #pod(pod: Pod | undefined): void {
    if (pod?.status?.phase !== 'Succeeded') return;
    const owner = getControllerOf(pod)?.uid ?? '';
    const known = this.#succeeded.get(owner) ?? new Set();
    this.#succeeded.set(owner, known.add(pod.metadata?.uid ?? ''));
  }
}
