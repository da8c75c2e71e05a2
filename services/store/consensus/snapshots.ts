import { assert, messageOf, must } from '#shared/base';
import type { Clock, Timer } from '#shared/clock';
import type { HardState, Message, NodeId, Snapshot } from '#shared/raft';
import type { Logger } from '#shared/runtime';
import { hexId } from '../member/shown-id.ts';
import type { MemberBackend, MemberStorage, StagedSnapshot } from './storage.ts';
import type { PeerTransport } from './transport.ts';

type SnapshotMessage = Extract<Message, { type: 'snapshot' }>;

export interface SnapshotEvents {
  /** The state has arrived, and raft hears of it: false where it turns a deaf ear, as to a leader of an older term. */
  step(message: SnapshotMessage): boolean;
  sent(to: NodeId, ok: boolean): void;
}

/** Runs the sending or the receiving of a snapshot, and counts it. */
export type CountSnapshot = <T>(
  which: 'sent' | 'received',
  peer: NodeId,
  work: () => Promise<T>,
) => Promise<T>;

const noData = new Uint8Array();

/**
 * Whoever could not take a snapshot twice may have no room for it: to read and send all data again and again would be a
 * burden to everybody else.
 */
const firstPauseMs = 500;
const longestPauseMs = 8000;

/** Snapshots on their way out and in. The state travels beside raft's message, in a stream. */
export class SnapshotTraffic {
  readonly #storage: MemberStorage;
  readonly #transport: PeerTransport;
  readonly #log: Logger;
  readonly #count: CountSnapshot;
  readonly #events: SnapshotEvents;
  readonly #clock: Clock;
  readonly #sending = new Set<NodeId>();
  /** One after the other, by member. */
  readonly #failures = new Map<NodeId, number>();
  /** Those who wait until it is tried again. */
  readonly #pauses = new Map<NodeId, { readonly timer: Timer; readonly over: () => void }>();
  /** Arrived and offered to raft: the newest one. */
  #offered: { readonly index: number; readonly staged: StagedSnapshot } | undefined;
  /** Raft took them, and they wait to be installed: others may arrive meanwhile. */
  readonly #taken = new Map<number, StagedSnapshot>();
  #receiving = false;
  #installing = false;

  constructor(
    options: {
      storage: MemberStorage;
      transport: PeerTransport;
      log: Logger;
      clock: Clock;
      countSnapshot?: CountSnapshot;
    },
    events: SnapshotEvents,
  ) {
    this.#storage = options.storage;
    this.#transport = options.transport;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#count = options.countSnapshot ?? ((_which, _peer, work) => work());
    this.#events = events;
  }

  /** While this is true the state must be left alone. */
  get installing(): boolean {
    return this.#installing;
  }

  /** What raft would send now; the stream carries at least as much. */
  describe(backend: MemberBackend): Snapshot | undefined {
    const { index, term, confState } = backend.applied;
    return index === 0 ? undefined : { metadata: { index, term, confState }, data: noData };
  }

  send(message: SnapshotMessage, backend: MemberBackend): void {
    if (this.#sending.has(message.to)) return;
    this.#sending.add(message.to);
    this.#count('sent', message.to, () => this.#send(message, backend)).then(
      (index) => {
        this.#sending.delete(message.to);
        this.#failures.delete(message.to);
        this.#log.info({ to: hexId(message.to), index }, 'sent a snapshot');
        this.#events.sent(message.to, true);
      },
      (thrown: unknown) => {
        this.#log.warn(
          { to: hexId(message.to), error: String(thrown) },
          'could not send a snapshot',
        );
        this.#pause(message.to);
      },
    );
  }

  /** Raft hears of the failure, and asks for the next attempt, when this is over. */
  #pause(to: NodeId): void {
    const failures = this.#failures.get(to) ?? 0;
    this.#failures.set(to, failures + 1);
    const over = (): void => {
      this.#pauses.delete(to);
      this.#sending.delete(to);
      this.#events.sent(to, false);
    };
    if (failures === 0) {
      over();
      return;
    }
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1));
    this.#pauses.set(to, { timer: this.#clock.after(pauseMs, over), over });
  }

  /** A member that has come back may have what it lacked. */
  connected(id: NodeId): void {
    this.#failures.delete(id);
    const pause = this.#pauses.get(id);
    pause?.timer.cancel();
    pause?.over();
  }

  stop(): void {
    for (const { timer } of this.#pauses.values()) timer.cancel();
    this.#pauses.clear();
  }

  async #send(message: SnapshotMessage, backend: MemberBackend): Promise<number> {
    const outgoing = await backend.snapshot();
    try {
      const { index, term, confState } = outgoing.applied;
      assert(index >= message.snapshot.metadata.index, 'a snapshot is older than announced');
      const snapshot = { metadata: { index, term, confState }, data: noData };
      await this.#transport.sendSnapshot({ ...message, snapshot }, outgoing.chunks());
      return index;
    } finally {
      await outgoing.close();
    }
  }

  async receive(message: Message, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    if (message.type !== 'snapshot' || this.#receiving || this.#installing) return;
    this.#receiving = true;
    try {
      const staged = await this.#count('received', message.from, () => this.#storage.stage(chunks));
      const { index } = message.snapshot.metadata;
      const unwanted = this.#events.step(message) ? this.#offer(index, staged) : staged;
      if (unwanted) await this.#storage.discard(unwanted);
    } catch (thrown) {
      // Its sender hears of it, too; but it is this member that may have to be helped.
      this.#log.warn(
        { from: hexId(message.from), error: messageOf(thrown) },
        'could not receive a snapshot',
      );
      throw thrown;
    } finally {
      this.#receiving = false;
    }
  }

  /** Raft took the snapshot at `index`; what arrives from now on is another one. */
  taken(index: number): void {
    const offered = must(this.#offered, 'raft took a snapshot whose state is not here');
    assert(offered.index === index, 'raft took another snapshot than the one that is here');
    this.#offered = undefined;
    this.#taken.set(index, offered.staged);
  }

  /** `use` takes the new state over; until then whoever reads is answered from the old one. */
  async install(
    index: number,
    hardState: HardState,
    use: (backend: MemberBackend) => void,
  ): Promise<void> {
    const staged = must(this.#taken.get(index), 'raft took the snapshot that is installed');
    this.#taken.delete(index);
    this.#installing = true;
    try {
      use(await this.#storage.install(staged, hardState));
      await this.#storage.dropReplaced();
    } finally {
      this.#installing = false;
    }
  }

  /**
   * One that is no newer than the last is no news to raft, which only answers it. A newer one takes
   * the last one's place there, so that must come before the last one is discarded.
   */
  #offer(index: number, staged: StagedSnapshot): StagedSnapshot | undefined {
    const last = this.#offered;
    if (last && last.index >= index) return staged;
    this.#offered = { index, staged };
    return last?.staged;
  }
}
