import { QuorateError } from '#shared/base';
import type { Timer } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { Digest } from '../consensus/transport.ts';
import { hexId, shownId } from '../member/shown-id.ts';
import type { Serving } from './context.ts';

export interface CorruptionOptions {
  /** How often the leader compares all data; 0: never. */
  readonly corruptCheckMs: number;
  /** How often it compares what compactions have left; 0: never. */
  readonly compactHashCheckMs: number;
  readonly log: Logger;
}

type Named = Digest & { readonly id: number };
type Parts = Pick<Serving, 'memberId' | 'node' | 'state' | 'transport' | 'clock' | 'digests'>;

const askMs = 5000;
const retryMs = 100;

/**
 * Members compare digests of their data, as etcd's do, and raise the CORRUPT alarm for the one that
 * differs: from then on nobody may read or write keys.
 */
export class CorruptionChecks {
  readonly #parts: Parts;
  readonly #log: Logger;
  readonly #timers: Timer[] = [];
  #busy = false;
  #checkedCompaction = 0;

  constructor(parts: Parts, options: CorruptionOptions) {
    this.#parts = parts;
    this.#log = options.log;
    const { corruptCheckMs, compactHashCheckMs } = options;
    if (corruptCheckMs > 0) this.#every(corruptCheckMs, () => this.#compareAll());
    if (compactHashCheckMs > 0) this.#every(compactHashCheckMs, () => this.#compareCompaction());
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
  }

  /** Before this member serves: throws where its data is not that of the others it can reach. */
  async beforeServing(): Promise<void> {
    const own = await this.#parts.digests.upTo(0);
    const differing = (await this.#askOthers(own.hashRevision, askMs)).filter((theirs) =>
      differs(theirs, { ...own, revision: own.hashRevision }),
    );
    if (differing.length === 0) return;
    const names = differing.map(({ id }) => hexId(id)).join(', ');
    throw new QuorateError(
      'data-loss',
      `found data inconsistency with peers: at revision ${own.hashRevision} the data of this member is not ` +
        `that of ${names}. If they agree with each other, replace this member: ` +
        '`etcdctl member remove` and `member add`, then start it with an empty data directory',
    );
  }

  /** As etcd's periodic check: twice the own digest, and once everybody's in between. */
  async #compareAll(): Promise<void> {
    const { node, memberId } = this.#parts;
    const first = await this.#own(0);
    const others = await this.#askOthers(first.revision, 0);
    await node.linearizable();
    const second = await this.#own(first.revision);
    const now = this.#parts.state.mvcc.revision;
    if (differs(first, second)) return this.#raise(memberId, first, second);
    for (const theirs of others) {
      if (theirs.compactRevision > now || differs(theirs, first))
        return this.#raise(theirs.id, theirs, first);
    }
  }

  /** What the last compaction left is the same everywhere; the majority says what it is. */
  async #compareCompaction(): Promise<void> {
    const { state, memberId } = this.#parts;
    const revision = state.mvcc.compactRevision;
    if (revision === 0 || revision === this.#checkedCompaction) return;
    const own = { ...(await this.#own(revision)), id: memberId };
    const all = [own, ...(await this.#askOthers(revision, 0))].filter(
      ({ compactRevision }) => compactRevision === own.compactRevision,
    );
    const byHash = Map.groupBy(all, ({ hash }) => hash);
    if (byHash.size === 1) {
      if (all.length === state.members.size) this.#checkedCompaction = revision;
      return;
    }
    const majority = [...byHash.values()].find((some) => 2 * some.length > state.members.size);
    if (!majority) return this.#raise(0, own, own);
    const [right = own] = majority;
    for (const theirs of all) {
      if (theirs.hash !== right.hash) await this.#raise(theirs.id, theirs, right);
    }
  }

  async #own(revision: number): Promise<Digest> {
    const { hash, hashRevision, compactRevision } = await this.#parts.digests.upTo(revision);
    return { hash, revision: hashRevision, compactRevision };
  }

  /** Those who answer, waiting so long for connections. Who is behind or cannot be reached is not asked again. */
  async #askOthers(revision: number, patienceMs: number): Promise<Named[]> {
    const { state, memberId, transport, clock } = this.#parts;
    const until = clock.monotonic() + patienceMs;
    const ask = async (id: number): Promise<Named[]> => {
      for (;;) {
        try {
          return [{ ...(await transport.digest(id, revision, askMs)), id }];
        } catch (thrown) {
          const { code, message } = QuorateError.from(thrown);
          if (code !== 'unavailable' || clock.monotonic() >= until) {
            this.#log.info(
              { peer: hexId(id), reason: message },
              'a member could not be compared with',
            );
            return [];
          }
        }
        await clock.sleep(retryMs);
      }
    };
    const ids = [...state.members.keys()].filter((id) => id !== memberId);
    return (await Promise.all(ids.map((id) => ask(id)))).flat();
  }

  async #raise(memberId: number, found: Digest, expected: Digest): Promise<void> {
    this.#log.error(
      { memberId: hexId(memberId), found, expected },
      'the data of members differs: raising CORRUPT',
    );
    const alarm = { memberId: shownId(memberId), alarm: 'corrupt', automatic: false } as const;
    await this.#parts.node.propose({ type: 'alarm', raise: true, alarm });
  }

  #every(ms: number, check: () => Promise<void>): void {
    this.#timers.push(this.#parts.clock.every(ms, () => void this.#run(check)));
  }

  async #run(check: () => Promise<void>): Promise<void> {
    const { node, state } = this.#parts;
    if (this.#busy || !node.leads || state.alarms.has('corrupt')) return;
    this.#busy = true;
    try {
      await check();
    } catch (thrown) {
      // No quorum, or a compaction in between: looked at again.
      if (!(thrown instanceof QuorateError)) throw thrown;
      this.#log.info({ reason: thrown.message }, 'could not compare the data of members');
    } finally {
      this.#busy = false;
    }
  }
}

function differs(one: Digest, other: Digest): boolean {
  return one.compactRevision === other.compactRevision && one.hash !== other.hash;
}
