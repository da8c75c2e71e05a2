import type { Answer, History, KnownKv } from '../history.ts';
import type { Step } from './steps.ts';

/** What the answers say of each revision, whatever the keys: no other write can have had it. */
export class Revisions {
  /** Of writes that were acknowledged. */
  readonly taken: ReadonlySet<number>;
  /** A key that was seen as written at this revision. */
  readonly #wrote = new Map<number, string>();

  constructor(steps: readonly Step[], history: Pick<History, 'operations' | 'watches'>) {
    this.taken = new Set(steps.flatMap((step) => (step.writes ? (step.revision ?? []) : [])));
    const seen = ({ key, mod }: KnownKv): void => {
      if (mod) this.#wrote.set(mod, key);
    };
    const answered = ({ kvs, prevKvs, prevKv, answers }: Answer): void => {
      kvs?.forEach(seen);
      prevKvs?.forEach(seen);
      if (prevKv) seen(prevKv);
      answers?.forEach(answered);
    };
    for (const { answer } of history.operations) if (answer) answered(answer);
    for (const { messages } of history.watches) {
      for (const message of messages) {
        if (message.type === 'events') for (const { kv } of message.events) seen(kv);
      }
    }
  }

  /** Whether a write that nobody acknowledged can have one of [from, to]. */
  hasFree(step: Step, from: number, to: number): boolean {
    for (let revision = from; revision <= to; revision++) {
      if (this.taken.has(revision)) continue;
      const key = this.#wrote.get(revision);
      if (key === undefined || step.touches(key)) return true;
    }
    return false;
  }
}
