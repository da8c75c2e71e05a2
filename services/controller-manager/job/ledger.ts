import type { Job, Pod } from '#shared/api';
import { failurePolicy } from './failure-policy.ts';
import { indexesOf, indexOf } from './indexes.ts';

/** Keeps a Job's pod until it is counted, whoever deletes it. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';

export const isTracked = ({ metadata }: Pod): boolean =>
  metadata?.finalizers?.includes(trackingFinalizer) ?? false;

/**
 * What a Job's pods have achieved, those included that are gone. A pod that has ended keeps its
 * finalizer until its uid is written among the uncounted; once it has none, the count takes its place. So
 * each is counted once, whoever deletes it when.
 */
export interface Ledger {
  /** Counts of pods whose finalizer is gone. */
  readonly counted: { readonly succeeded: number; readonly failed: number };
  /** Uids of pods that ended and still have it. */
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] };
  /** Of Indexed Jobs: the numbers that are done. */
  readonly indexes: ReadonlySet<number> | undefined;
  readonly succeeded: number;
  readonly failed: number;
  /** Pods that may go once the ledger is written. */
  readonly settled: readonly Pod[];
}

export function ledgerOf(job: Job, pods: readonly Pod[]): Ledger {
  const { succeeded = 0, failed = 0, completedIndexes, uncountedTerminatedPods } = job.status ?? {};
  const before = {
    succeeded: uncountedTerminatedPods?.succeeded ?? [],
    failed: uncountedTerminatedPods?.failed ?? [],
  };
  const known = new Set([...before.succeeded, ...before.failed]);
  const tracked = pods.filter(isTracked);
  const present = new Set(tracked.map(uidOf));
  const left = (uids: readonly string[]): string[] => uids.filter((uid) => present.has(uid));
  const ended = tracked.filter((pod) => !known.has(uidOf(pod)));
  const winners = ended.filter(({ status }) => status?.phase === 'Succeeded');
  const losers = ended.filter((pod) => hasFailed(job, pod));
  const over = new Set([...winners, ...losers]);
  const indexed = job.spec?.completionMode === 'Indexed';
  const indexes = indexed
    ? new Set([...indexesOf(completedIndexes), ...numbers(winners)])
    : undefined;
  const uncounted = {
    succeeded: indexed ? [] : [...left(before.succeeded), ...winners.map(uidOf)],
    failed: [
      ...left(before.failed),
      ...losers.filter((pod) => failurePolicy(job, pod)?.action !== 'Ignore').map(uidOf),
    ],
  };
  const counted = {
    succeeded: succeeded + before.succeeded.length - left(before.succeeded).length,
    failed: failed + before.failed.length - left(before.failed).length,
  };
  return {
    counted: { ...counted, ...(indexes && { succeeded: indexes.size }) },
    uncounted,
    indexes,
    succeeded: indexes?.size ?? counted.succeeded + uncounted.succeeded.length,
    failed: counted.failed + uncounted.failed.length,
    settled: tracked.filter((pod) => known.has(uidOf(pod)) || over.has(pod)),
  };
}

/**
 * A pod that was deleted may never get to say how it ended, and counts as failed. Where only failed ones
 * are replaced, its end is waited for.
 */
export function hasFailed({ spec }: Job, { metadata, status }: Pod): boolean {
  if (status?.phase === 'Failed') return true;
  if (spec?.podReplacementPolicy === 'Failed' || spec?.podFailurePolicy) return false;
  return metadata?.deletionTimestamp !== undefined && status?.phase !== 'Succeeded';
}

const uidOf = ({ metadata }: Pod): string => metadata?.uid ?? '';

const numbers = (pods: readonly Pod[]): number[] =>
  pods.map(indexOf).filter((index) => index !== undefined);
