import { BrokenPromise } from '#shared/checks';
import type { Event, TxnRequest } from '#shared/mvcc';
import type { Member, Operation } from '#services/store';
import { known } from '../../clients/recorder.ts';
import { StoreModel } from './model.ts';

/** What a member did with an entry. */
export interface Done {
  readonly index: number;
  readonly operation: Operation | undefined;
  readonly error: string | undefined;
  readonly result: unknown;
  readonly events: readonly Event[];
  /** Of what is replicated besides the keys, afterwards; see describe.ts. */
  readonly rest: string;
}

/** The first member that applies an entry does with it what the model does. */
export class ModelCheck {
  readonly model: StoreModel;
  /** What was asked and answered, by the revision that it made; of transactions. */
  readonly #made = new Map<number, Made>();

  constructor(founders: Iterable<Member>) {
    this.model = new StoreModel(founders);
  }

  madeBy(revision: number): Made | undefined {
    return this.#made.get(revision);
  }

  applied({ index, operation, error, result, events, rest }: Done): void {
    if (!operation) return;
    const expected = this.model.apply(operation, index);
    const changes = events.map(({ type, kv }) => ({
      type,
      kv: type === 'put' ? known(kv) : { key: kv.key, mod: kv.modRevision },
    }));
    const say = (what: string, is: unknown, should: unknown): void => {
      const [got, wanted] = [is, should].map(text);
      if (got === wanted) return;
      throw new BrokenPromise(
        `entry ${index}, ${text(operation)}: its ${what} is ${got}, and should be ${wanted}`,
      );
    };
    if (operation.type === 'txn' && changes.length > 0)
      this.#made.set(this.model.revision, { asked: operation.txn, answer: expected.result });
    say('error', error, expected.error);
    say('changes', changes, expected.changes);
    if (error === undefined) say('result', result, expected.result);
    say('state besides keys', rest, this.model.describe());
  }
}

export interface Made {
  readonly asked: TxnRequest;
  readonly answer: unknown;
}

/** Equal texts, equal values: whatever order fields are in, and whatever bytes are made of. */
export function text(value: unknown): string {
  return JSON.stringify(plain(value)) ?? 'nothing';
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('modRevision' in value) return plain(known(value as Event['kv']));
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    fields.flatMap(([name, each]) => (each === undefined ? [] : [[name, plain(each)]])),
  );
}
