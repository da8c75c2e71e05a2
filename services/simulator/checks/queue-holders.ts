import { BrokenPromise, type KnownKv } from '#shared/checks';
import type { Claim, Observed, Recorder, Word } from '../clients/recorder.ts';
import { known } from '../clients/recorder.ts';
import type { Past } from './past.ts';
import type { StateLog } from './state-log.ts';

type Said = Pick<Recorder, 'claims' | 'words' | 'observers'>;

/** Who was first in the queue, from a revision on. */
interface First {
  readonly revision: number;
  readonly kv: KnownKv | undefined;
}

/**
 * Of locks and elections: who is told that they hold one is the first in its queue then, which is in the order in
 * which keys were made; what a leader says counts while it leads; observers hear of leaders only, in their order, and
 * of each word of one that they follow. Whatever else is promised of them is promised of keys and leases.
 */
export function checkQueues({ claims, words, observers }: Said, log: StateLog, past: Past): void {
  const queues = new Map<string, Queue>();
  const queueOf = (name: string): Queue => {
    const queue = queues.get(name) ?? new Queue(name, log);
    queues.set(name, queue);
    return queue;
  };
  for (const claim of claims) checkClaim(claim, queueOf(claim.name), past);
  for (const word of words) checkWord(word, past);
  for (const observed of observers) checkObserved(observed, queueOf(observed.name), log);
}

class Queue {
  readonly #firsts: First[] = [{ revision: 0, kv: undefined }];

  constructor(name: string, { entries }: StateLog) {
    const there = new Map<string, KnownKv>();
    for (const { revision, events } of entries) {
      const own = events.filter(({ kv }) => kv.key.startsWith(`${name}/`));
      if (own.length === 0) continue;
      for (const { type, kv } of own) {
        if (type === 'put') there.set(kv.key, known(kv));
        else there.delete(kv.key);
      }
      const [kv] = [...there.values()].sort((a, b) => (a.create ?? 0) - (b.create ?? 0));
      this.#firsts.push({ revision, kv });
    }
  }

  at(revision: number): KnownKv | undefined {
    return this.#firsts.findLast((first) => first.revision <= revision)?.kv;
  }

  /** All that were first at some moment from one revision to the other. */
  between(from: number, to: number): (KnownKv | undefined)[] {
    const later = this.#firsts.filter(({ revision }) => revision > from && revision <= to);
    return [this.at(from), ...later.map(({ kv }) => kv)];
  }
}

function checkClaim(claim: Claim, queue: Queue, past: Past): void {
  const { who, name, key, created, value, fromMs, toMs, revision } = claim;
  const isIt = (first: KnownKv | undefined): boolean =>
    first?.key === key &&
    (created === undefined || first.create === created) &&
    (value === undefined || first.value === value);
  const [from, to] = [past.revisionAt(fromMs), past.revisionAt(toMs)];
  const firsts = revision === undefined ? queue.between(from, to) : [queue.at(revision)];
  const inTime = revision === undefined || (revision >= from && revision <= to);
  if (inTime && firsts.some(isIt)) return;
  const others = firsts.map((first) => (first ? `${first.key} of ${first.create}` : 'nobody'));
  throw new BrokenPromise(
    `${who} was told to be the first in ${name}, with ${key}${created === undefined ? '' : ` of ${created}`}, ` +
      `between revisions ${from} and ${to}${revision === undefined ? '' : `, at ${revision}`}; that was ${others.join(', then ')}`,
  );
}

function checkWord({ who, key, created, revision, value }: Word, past: Past): void {
  const kv = past.keyAt(key, revision);
  if (value === undefined) {
    if (!kv || (created !== undefined && kv.create !== created)) return;
    throw new BrokenPromise(`${who} gave ${key} up, and it is there at revision ${revision}`);
  }
  if (kv?.mod === revision && kv.create === created && kv.value === value) return;
  throw new BrokenPromise(
    `${who} was told that its word "${value}" counts, at revision ${revision}: ${key} of ${created} is ${JSON.stringify(kv)}`,
  );
}

function checkObserved({ who, name, leaders }: Observed, queue: Queue, log: StateLog): void {
  let before: Observed['leaders'][number] | undefined;
  for (const told of leaders) {
    const { revision, kv } = told;
    const first = queue.at(revision);
    if (JSON.stringify(first) !== JSON.stringify(kv)) {
      throw new BrokenPromise(
        `${who}, which observes ${name}, was told of ${JSON.stringify(kv)} at revision ${revision}, when ${JSON.stringify(first)} led`,
      );
    }
    if (before && revision < before.revision) {
      throw new BrokenPromise(
        `${who}, which observes ${name}, was told of revision ${revision} after ${before.revision}`,
      );
    }
    const { key, create, version = 0, mod = 0 } = before?.kv ?? {};
    const skipped = key === kv.key && create === kv.create && (kv.version ?? 0) > version + 1;
    if (skipped && !isCompacted(log, mod)) {
      throw new BrokenPromise(
        `${who}, which observes ${name}, was told of version ${kv.version} of ${key} after ${version}`,
      );
    }
    before = told;
  }
}

/** Whoever is behind a compaction looks at what there is. */
function isCompacted({ entries }: StateLog, since: number): boolean {
  return entries.some(
    ({ operation, error }) =>
      operation?.type === 'compact' && error === undefined && operation.revision > since,
  );
}
