import { DurationHistogram } from '#shared/runtime';

/** What is counted as it happens; everything else a scrape reads from the state there is. */
export class Counters {
  readonly walFsync = new DurationHistogram();
  readonly backendCommit = new DurationHistogram();
  /** Operations applied, by type. */
  readonly applied = new Map<string, number>();
  /** Operations whose applying took longer than is usual. */
  slowApplies = 0;
}
