import { type CronJob, getControllerOf, isConditionTrue, type Job } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

interface Cron {
  readonly object: CronJob;
  /** Since when it is what it is. */
  readonly sinceMs: number;
  /** Its last Job; before the first: as `sinceMs`. */
  ranMs: number;
}

interface Run {
  readonly owner: string;
  readonly name: string;
  readonly createdMs: number;
}

/**
 * A CronJob, here of every minute, runs again and again, once each time, not beside itself where it may not, and not
 * while it rests.
 */
export class CronRuns implements Checker {
  readonly name = 'runs of CronJobs';
  /** By uid. */
  readonly #crons = new Map<string, Cron>();
  /** Jobs that have not ended and are not on their way out, by uid. */
  readonly #active = new Map<string, Run>();
  /** What was made, by the CronJob's uid and the Job's name, which is of the time it was made for. */
  readonly #made = new Set<string>();
  /** Jobs that users delete, by namespace and name: nobody need know that they ran. */
  readonly #taken = new Set<string>();
  readonly #patienceMs: number;
  readonly #boundMs: number;

  /** What was `patienceMs` ago is known to all who work; `boundMs`: from one run to the next. */
  constructor(patienceMs: number, boundMs: number) {
    this.#patienceMs = patienceMs;
    this.#boundMs = boundMs;
  }

  changed(change: Change): void {
    if (change.resource === 'batch/cronjobs') this.#cron(change);
    if (change.resource === 'batch/jobs') this.#job(change);
  }

  /** A user deletes a Job. */
  deleted(namespace: string, name: string): void {
    this.#taken.add(`${namespace}/${name}`);
  }

  tick(nowMs: number): void {
    for (const { object, ranMs } of this.#crons.values()) {
      const { suspend, concurrencyPolicy } = object.spec ?? {};
      if (suspend || concurrencyPolicy === 'Forbid' || nowMs - ranMs <= this.#boundMs) continue;
      throw new BrokenPromise(
        `CronJob ${nameOf(object)} has not run for ${Math.round(nowMs - ranMs)} ms`,
      );
    }
  }

  #cron({ atMs, before, after }: Change): void {
    const uid = uidOf(after ?? before ?? {});
    if (!after || isGoing(after)) {
      this.#crons.delete(uid);
      return;
    }
    const known = this.#crons.get(uid);
    const same = known?.object.metadata?.generation === after.metadata?.generation;
    if (known && same) this.#crons.set(uid, { ...known, object: after });
    else this.#crons.set(uid, { object: after, sinceMs: atMs, ranMs: atMs });
  }

  #job({ key, atMs, revision, before, after }: Change): void {
    const uid = uidOf(after ?? before ?? {});
    const owner = getControllerOf(after ?? before ?? {});
    const cron = this.#crons.get(owner?.uid ?? '');
    if (!before && after && cron) {
      this.#once(cron, after, revision);
      this.#runs(cron, `${key} is made at revision ${revision}`, atMs);
    }
    if (!after || hasEnded(after)) this.#active.delete(uid);
    else if (!before && owner)
      this.#active.set(uid, { owner: owner.uid, name: key, createdMs: atMs });
  }

  #once({ object }: Cron, job: Job, revision: number): void {
    const name = `${job.metadata?.namespace}/${nameOf(job)}`;
    const run = `${uidOf(object)} ${name}`;
    if (this.#made.has(run) && !this.#taken.has(name))
      throw new BrokenPromise(`${name} is made at revision ${revision}, and was made before`);
    // One whose time after its end is over may be gone before anybody has written down that it ran.
    if (job.spec?.ttlSecondsAfterFinished === undefined) this.#made.add(run);
  }

  #runs(cron: Cron, what: string, atMs: number): void {
    cron.ranMs = atMs;
    const knownMs = atMs - this.#patienceMs;
    if (cron.sinceMs > knownMs) return;
    const { suspend, concurrencyPolicy } = cron.object.spec ?? {};
    if (suspend) throw new BrokenPromise(`${what}, and its CronJob is suspended`);
    if (concurrencyPolicy === 'Allow') return;
    const { uid } = cron.object.metadata ?? {};
    for (const { owner, name, createdMs } of this.#active.values()) {
      if (owner !== uid || createdMs > knownMs) continue;
      throw new BrokenPromise(`${what} beside ${name}, and the policy is ${concurrencyPolicy}`);
    }
  }
}

const hasEnded = (job: Job): boolean =>
  isGoing(job) ||
  isConditionTrue(job.status?.conditions, 'Complete') ||
  isConditionTrue(job.status?.conditions, 'Failed');
