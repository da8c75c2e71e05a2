import { type CronJob, getControllerOf, isConditionTrue, type Job } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { Change, ObjectHistory } from './objects.ts';

interface Ended {
  readonly type: string;
  readonly atMs: number;
}

/** Ends are told in whole seconds, and of when they were seen, a moment before they are written. */
const roundedMs = 1_500;

/** Controllers leave a Job that has ended for as long as it is to stay, and of a CronJob's the newest. */
export class JobEnds implements Checker {
  readonly name = 'Jobs that have ended';
  readonly #objects: ObjectHistory;
  readonly #now: () => number;
  readonly #patienceMs: number;
  /** By uid. */
  readonly #ended = new Map<string, Ended>();
  readonly #asked = new Set<string>();

  /** What was `patienceMs` ago is known to all who work; Infinity: nobody knows. */
  constructor(objects: ObjectHistory, now: () => number, patienceMs: number) {
    this.#objects = objects;
    this.#now = now;
    this.#patienceMs = patienceMs;
  }

  changed({ resource, atMs, after }: Change): void {
    if (resource !== 'batch/jobs' || !after || this.#ended.has(uidOf(after))) return;
    const type = endOf(after);
    if (type !== undefined) this.#ended.set(uidOf(after), { type, atMs });
  }

  /** A controller asks for the deletion of a Job; the result is called if it is granted. */
  asked(namespace: string, name: string): () => void {
    const wrong = this.#wrong(namespace, name);
    return () => {
      if (wrong !== undefined) throw new BrokenPromise(wrong);
    };
  }

  #wrong(namespace: string, name: string): string | undefined {
    const jobs = this.#objects
      .all<Job>('batch/jobs')
      .filter(({ metadata }) => metadata?.namespace === namespace);
    const job = jobs.find((each) => nameOf(each) === name);
    const place = this.#objects.all('namespaces').find((each) => nameOf(each) === namespace);
    if (!job || isGoing(job) || !place || isGoing(place)) return undefined;
    this.#asked.add(uidOf(job));
    const owner = getControllerOf(job);
    return owner ? this.#newest(job, owner.uid, jobs) : this.#tooEarly(job);
  }

  #tooEarly(job: Job): string | undefined {
    const { ttlSecondsAfterFinished: seconds } = job.spec ?? {};
    const ended = this.#ended.get(uidOf(job));
    if (!ended || seconds === undefined) return `Job ${nameOf(job)} is deleted and has not ended`;
    const staysMs = this.#patienceMs === Infinity ? 0 : seconds * 1000;
    const agoMs = this.#now() - ended.atMs;
    if (agoMs >= staysMs - roundedMs) return undefined;
    return `Job ${nameOf(job)} is deleted ${Math.round(agoMs)} ms after its end, and stays for ${staysMs} ms`;
  }

  /** As far as everybody knows who has ended, and nobody has been asked to delete. */
  #newest(job: Job, cron: string, jobs: readonly Job[]): string | undefined {
    const ended = this.#ended.get(uidOf(job));
    const owner = this.#objects.all<CronJob>('batch/cronjobs').find((each) => uidOf(each) === cron);
    if (!owner || isGoing(owner) || job.spec?.ttlSecondsAfterFinished !== undefined)
      return undefined;
    const knownMs = this.#now() - this.#patienceMs;
    // One that is to be replaced may just have ended.
    const isReplaced = owner.spec?.concurrencyPolicy === 'Replace';
    if (!ended || (isReplaced && ended.atMs >= knownMs)) return undefined;
    const older = jobs.find((each) => {
      const other = this.#ended.get(uidOf(each));
      return (
        getControllerOf(each)?.uid === cron &&
        !isGoing(each) &&
        !this.#asked.has(uidOf(each)) &&
        other?.type === ended.type &&
        other.atMs < knownMs &&
        createdOf(each) < createdOf(job)
      );
    });
    return (
      older && `CronJob ${nameOf(owner)} deletes ${nameOf(job)}, and ${nameOf(older)} is older`
    );
  }
}

const endOf = ({ status }: Job): string | undefined =>
  ['Complete', 'Failed'].find((type) => isConditionTrue(status?.conditions, type));

const createdOf = ({ metadata }: Job): number => Date.parse(metadata?.creationTimestamp ?? '');
