import { createRng } from '#shared/base';
import type { TxnRequest } from '#shared/mvcc';
import { reading } from './accesses.ts';
import { manyRange, manyTxn } from './many.ts';
import { oddTxn } from './odd.ts';
import { type AskedQuery, queryOf, rangeQuery } from './queries.ts';
import type { Session } from './session.ts';
import type { ClientWorld } from './world.ts';

export interface ApartOptions {
  readonly client: number;
  readonly world: ClientWorld;
  readonly session: Session;
  readonly nextValue: () => string;
  readonly saw: (revision: number) => void;
}

/** Beyond those that clients give to the leases they hold. */
const oddLeases = 1_000_000_001n;
const neverGranted = 1_000_000_000n;

/** Requests that are judged by themselves: they are no part of the history that is to be ordered. */
export class ApartClient {
  readonly #options: ApartOptions;

  constructor(options: ApartOptions) {
    this.#options = options;
  }

  /** Its keys are nobody else's. */
  async odd(pick: number, lastRevision: number): Promise<void> {
    const lease = oddLeases + BigInt(pick % 3);
    if (pick % 6 === 0) {
      // Often one that is there.
      await this.#options.session.reach(
        ({ kv }) => kv.leaseGrant({ id: pick % 4 === 0 ? 0n : lease, ttlSeconds: 1 + (pick % 12) }),
        () => undefined,
        () => undefined,
      );
      return;
    }
    const number = pick * 1000 + lastRevision;
    await this.#attempt(
      oddTxn(number, this.#options.nextValue, pick % 5 === 0 ? neverGranted : lease),
    );
  }

  changeMany(pick: number, lastRevision: number): Promise<void> {
    const rng = createRng(pick * 1000 + lastRevision);
    return this.#attempt(manyTxn(rng, this.#options.nextValue));
  }

  askMany(pick: number, lastRevision: number): Promise<void> {
    return this.#ask(rangeQuery(manyRange(createRng(pick * 1000 + lastRevision), lastRevision)));
  }

  /** Changes nothing. */
  query(pick: number, lastRevision: number): Promise<void> {
    return this.#ask(queryOf(pick, lastRevision));
  }

  #attempt(request: TxnRequest): Promise<void> {
    const { world, session, saw } = this.#options;
    const { attempts } = world.recorder;
    const who = this.#who();
    return session.reach(
      ({ kv }) => kv.txn(request),
      ({ header, ...result }) => {
        saw(header.revision);
        attempts.push({ who, request, revision: header.revision, result });
      },
      (error) => attempts.push({ who, request, error }),
    );
  }

  #ask(query: AskedQuery): Promise<void> {
    const { world, session } = this.#options;
    const fromMs = world.scheduler.now;
    const who = this.#who();
    const { request, spans } = query;
    const read = reading(world, session, { asked: request, spans });
    return session.reach(
      ({ kv }) => query.ask(kv),
      (answered) => {
        read();
        world.recorder.queries.push({ who, fromMs, ...answered });
      },
      read,
    );
  }

  #who(): string {
    const { client, session } = this.#options;
    return `client ${client} at ${session.member()?.name}`;
  }
}
