import type { Job } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** Starts are told in whole seconds. */
const roundedMs = 1_100;

interface Waiting {
  /** Since when it is what it is. */
  readonly sinceMs: number;
  readonly suspended: boolean;
  /** When it was last let go on, after its controller had seen it wait. */
  readonly resumedMs: number | undefined;
}

/** Where nothing fails, a Job's time does not pass while it waits, and then it has all of it before it again. */
export class JobDeadlines implements Checker {
  readonly name = 'deadlines of Jobs';
  /** By uid. */
  readonly #jobs = new Map<string, Waiting>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work; Infinity: nobody knows. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed({ resource, key, atMs, revision, before, after }: Change): void {
    if (resource !== 'batch/jobs' || this.#patienceMs === Infinity) return;
    const uid = uidOf(after ?? before ?? {});
    if (!after) {
      this.#jobs.delete(uid);
      return;
    }
    const [was, is]: (Job | undefined)[] = [before, after];
    const suspended = is?.spec?.suspend === true;
    const known = this.#jobs.get(uid) ?? { sinceMs: atMs, suspended, resumedMs: undefined };
    const turns = known.suspended !== suspended;
    const seen = known.suspended && atMs - known.sinceMs > this.#patienceMs;
    const resumedMs = turns && !suspended ? (seen ? atMs : undefined) : known.resumedMs;
    this.#jobs.set(uid, { sinceMs: turns ? atMs : known.sinceMs, suspended, resumedMs });
    if (!isOverdue(is) || isOverdue(was)) return;
    const over = `${key} is told at revision ${revision} that its time is over`;
    if (seen && suspended) throw new BrokenPromise(`${over}, and waits`);
    if (resumedMs === undefined) return;
    const mayRunMs = (is?.spec?.activeDeadlineSeconds ?? 0) * 1000;
    if (atMs - resumedMs >= mayRunMs - roundedMs) return;
    throw new BrokenPromise(
      `${over}, ${Math.round(atMs - resumedMs)} ms after it was let go on, and has ${mayRunMs} ms`,
    );
  }
}

const isOverdue = (job: Job | undefined): boolean =>
  job?.status?.conditions?.some(({ reason }) => reason === 'DeadlineExceeded') ?? false;
