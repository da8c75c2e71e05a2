import { QuorateError } from '#shared/base';
import type { Timer } from '#shared/clock';
import type { Message, NodeId } from '#shared/raft';
import {
  isRefusal,
  type Digest,
  type LeaderLeaseRequest,
  type MemberChange,
  type PeerHandlers,
  type PeerTransport,
} from '#services/store';
import type { SimProcess } from '../world/process.ts';
import type { Switchboard } from './switchboard.ts';

/** Of simulated members. */
export type MemberBoard = Switchboard<SimTransport>;

/** Who a member says it is when it connects. */
interface Self {
  readonly id: NodeId;
  readonly clusterId: number;
  readonly incarnation: number;
}

interface Link {
  readonly id: NodeId;
  readonly address: string;
  connectedSinceMs: number | undefined;
  /** The life of the process at the other end. */
  peer: SimProcess | undefined;
  retry: Timer | undefined;
  queue: Message[];
  /** What was sent until then, and has not arrived, never does. Infinity: it is broken, and this end does not know. */
  lostUntilMs: number;
}

const connectEveryMs = 60;
/** An unannounced cut is noticed by keepalives. */
const noticeCutMs = 4000;
const queueMax = 200;
/** For a snapshot that does not come on. */
const snapshotMs = 10_000;

const unavailable = (text: string): QuorateError => new QuorateError('unavailable', text);

/** The peers' transport, as far as its promises go: connections that break, messages that get lost. */
export class SimTransport implements PeerTransport {
  readonly #board: MemberBoard;
  readonly #machine: string;
  readonly process: SimProcess;
  readonly #monotonic: () => number;
  readonly #self: Self;
  readonly #links = new Map<NodeId, Link>();
  /** Of the table of members. */
  #peers: ReadonlyMap<NodeId, readonly string[]> = new Map();
  /** Who has connected to this member, and is not known to have gone. */
  readonly #callers = new Set<SimTransport>();
  handlers: PeerHandlers | undefined;
  #stopped = false;
  /** Absent: no end is in sight. */
  #messagesLeft: number | undefined;
  #sentLast: () => void = () => undefined;
  #peersChange: (() => void) | undefined;
  #entry: (() => void) | undefined;

  constructor(
    board: MemberBoard,
    machine: string,
    process: SimProcess,
    monotonic: () => number,
    self: Self,
  ) {
    this.#board = board;
    this.#machine = machine;
    this.process = process;
    this.#monotonic = monotonic;
    this.#self = self;
  }

  get id(): NodeId {
    return this.#self.id;
  }

  start(handlers: PeerHandlers): Promise<void> {
    this.handlers = handlers;
    this.#board.listening.set(this.#machine, this);
    this.#board.scheduler.at(
      this.process,
      this.#board.scheduler.now,
      () => this.#watchCuts(),
      1000,
    );
    return Promise.resolve();
  }

  setPeers(peers: ReadonlyMap<NodeId, readonly string[]>): void {
    if (this.#stopped) return;
    const change = this.#peersChange;
    this.#peersChange = undefined;
    change?.();
    this.#peers = peers;
    this.#relink();
    for (const other of this.#board.listening.values()) this.lookAgainAt(other);
  }

  /** As the real one: to everybody in the table, and to everybody who came and is not in it. */
  #relink(): void {
    const callers = [...this.#callers].filter((caller) => this.admits(caller.#self));
    const wanted = new Map(callers.map((caller) => [caller.id, caller.#machine]));
    for (const [id, addresses] of this.#peers) wanted.set(id, machineAt(addresses));
    for (const [id, link] of this.#links) {
      if (wanted.get(id) === link.address) continue;
      link.retry?.cancel();
      this.#links.delete(id);
    }
    for (const [id, address] of wanted) {
      if (this.#links.has(id) || id === this.#self.id) continue;
      const link: Link = {
        id,
        address,
        connectedSinceMs: undefined,
        peer: undefined,
        retry: undefined,
        queue: [],
        lostUntilMs: -Infinity,
      };
      this.#links.set(id, link);
      this.#connect(link);
    }
  }

  /** Whoever was let in has to go where the table has changed since. */
  lookAgainAt(other: SimTransport): void {
    const link = other.#links.get(this.id);
    if (link?.peer !== this.process) return;
    const error = this.#answer(other.#self, this.id);
    if (!error) return;
    this.#board.network.call(this.#machine, other.#machine, other.process, () => {
      if (link.peer !== this.process) return;
      other.#lost(link);
      if (isRefusal(error)) other.handlers?.refused(error);
    });
  }

  send(messages: readonly Message[]): void {
    if (this.#stopped) return;
    for (const message of messages) {
      const link = this.#links.get(message.to);
      if (!link || this.#messagesLeft === 0) continue;
      if (this.#messagesLeft !== undefined && --this.#messagesLeft === 0) this.#sentLast();
      if (message.type === 'append' && message.entries.length > 0) this.#sendsEntry();
      if (!this.#board.sends(this.#machine, message)) continue;
      if (link.connectedSinceMs !== undefined) this.#carry(link, message);
      else if (isRequest(message) && link.queue.length < queueMax) link.queue.push(message);
      else this.handlers?.unreachable(message.to);
    }
  }

  async sendSnapshot(message: Message, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const all: Uint8Array[] = [];
    for await (const chunk of chunks) all.push(chunk);
    this.#board.sent(message);
    const trouble = this.#board.network.snapshotTrouble();
    const receive = (handlers: PeerHandlers): Promise<void> =>
      handlers.receiveSnapshot(message, replay(all, trouble?.how === 'broken'));
    const { lateMs } = trouble ?? {};
    if (trouble?.how !== 'orphaned') return this.#ask(message.to, snapshotMs, receive, lateMs);
    // Nobody waits for this one any more; what it is told is told to nobody.
    this.#ask(message.to, 2 * snapshotMs, receive, lateMs).catch(() => undefined);
    throw unavailable('the connection dropped');
  }

  leaderLease(leader: NodeId, request: LeaderLeaseRequest, timeoutMs: number): Promise<number> {
    return this.#ask(leader, timeoutMs, (handlers) => handlers.leaderLease(request));
  }

  changeMembers(leader: NodeId, change: MemberChange, timeoutMs: number): Promise<void> {
    return this.#ask(leader, timeoutMs, (handlers) => handlers.changeMembers(change));
  }

  digest(member: NodeId, revision: number, timeoutMs: number): Promise<Digest> {
    return this.#ask(member, timeoutMs, (handlers) => handlers.digest(revision));
  }

  connectedSince(id: NodeId): number | undefined {
    return this.#links.get(id)?.connectedSinceMs;
  }

  stop(): Promise<void> {
    this.#stopped = true;
    for (const link of this.#links.values()) link.retry?.cancel();
    this.#board.gone(this.#machine, this);
    return Promise.resolve();
  }

  /** The process at the other end has ended its connections. */
  peerGone(other: SimTransport): void {
    const { scheduler, network } = this.#board;
    scheduler.at(this.process, scheduler.now + network.weather.delayMs[0], () => {
      if (this.#callers.delete(other) && !this.#stopped) this.#relink();
      const link = this.#links.get(other.id);
      if (this.#stopped || !link || link.peer !== other.process) return;
      if (!network.connects(this.#machine, link.address)) return;
      this.#lost(link);
    });
  }

  /** After so many messages more nothing leaves. */
  endAfter(messages: number, sentLast: () => void): void {
    this.#messagesLeft = messages;
    this.#sentLast = sentLast;
  }

  /** Calls `fn` once, before an entry leaves. */
  atNextEntry(fn: () => void): void {
    this.#entry = fn;
  }

  #sendsEntry(): void {
    const fn = this.#entry;
    this.#entry = undefined;
    fn?.();
  }

  /** Calls `fn` once, when the table of members has changed so many times. */
  atPeersChange(changes: number, fn: () => void): void {
    this.#peersChange = () => {
      if (changes === 1) fn();
      else this.atPeersChange(changes - 1, fn);
    };
  }

  /**
   * Resets the connection to that member, or every connection of this member, in both directions. What is
   * on its way is lost.
   */
  dropConnections(only?: string): void {
    for (const link of this.#links.values()) {
      if (link.connectedSinceMs === undefined) continue;
      if (only === undefined) this.#board.listening.get(link.address)?.wasReset(this);
      if (only !== undefined && link.address !== only) continue;
      link.lostUntilMs = this.#board.scheduler.now;
      this.#lost(link);
    }
  }

  /** The other end has reset its connections. */
  wasReset(other: SimTransport): void {
    this.breakUnnoticed(other.#machine);
    this.peerGone(other);
  }

  /** The connection to that member breaks, and this end learns of it when it next hears from there. */
  breakUnnoticed(to: string): void {
    for (const link of this.#links.values()) {
      if (link.address === to && link.connectedSinceMs !== undefined) link.lostUntilMs = Infinity;
    }
  }

  #hears(from: NodeId): void {
    const link = this.#links.get(from);
    if (link?.lostUntilMs === Infinity) this.#lost(link);
  }

  #lost(link: Link): void {
    link.lostUntilMs = Math.min(link.lostUntilMs, this.#board.scheduler.now);
    link.connectedSinceMs = undefined;
    link.peer = undefined;
    this.handlers?.disconnected(link.id);
    this.#retry(link);
  }

  #retry(link: Link): void {
    const { scheduler } = this.#board;
    link.retry?.cancel();
    link.retry = scheduler.at(this.process, scheduler.now + connectEveryMs, () =>
      this.#connect(link),
    );
  }

  #connect(link: Link): void {
    const { network, listening } = this.#board;
    const refuse = (): void => this.#retry(link);
    if (this.#stopped || this.#links.get(link.id) !== link) return;
    const other = listening.get(link.address);
    if (!other?.process.alive || !network.connects(this.#machine, link.address)) return refuse();
    network.call(this.#machine, link.address, other.process, () => {
      const answer = other.#answer(this.#self, link.id);
      if (answer === undefined) other.#came(this);
      network.call(link.address, this.#machine, this.process, () => {
        if (this.#stopped || this.#links.get(link.id) !== link) return;
        if (answer === undefined && other.process.alive) this.#connected(link, other.process);
        else {
          if (answer && isRefusal(answer)) this.handlers?.refused(answer);
          refuse();
        }
      });
    });
    // Neither may ever be answered.
    this.#retry(link);
  }

  #came(caller: SimTransport): void {
    if (this.#stopped || this.#callers.has(caller)) return;
    this.#callers.add(caller);
    this.#relink();
  }

  #connected(link: Link, peer: SimProcess): void {
    link.retry?.cancel();
    if (link.connectedSinceMs !== undefined) return;
    link.connectedSinceMs = this.#monotonic();
    link.peer = peer;
    const { queue } = link;
    link.queue = [];
    for (const message of queue) this.#carry(link, message);
    this.handlers?.connected(link.id);
  }

  /** Why the caller is not let in; undefined: it is. */
  #answer(caller: Self, id: NodeId): QuorateError | undefined {
    try {
      if (caller.clusterId !== this.#self.clusterId || id !== this.#self.id) {
        return new QuorateError('failed-precondition', 'this is another member');
      }
      this.handlers?.admit(caller.id, caller.incarnation);
      return undefined;
    } catch (thrown) {
      return QuorateError.from(thrown);
    }
  }

  #carry(link: Link, message: Message): void {
    const { network, listening } = this.#board;
    const other = listening.get(link.address);
    if (!other || other.process !== link.peer) return;
    if (network.blackHoles > 0 && message.type === 'append' && message.entries.length > 0) return;
    const sentMs = this.#board.scheduler.now;
    network.send(this.#machine, link.address, other.process, () => {
      if (sentMs <= link.lostUntilMs || other.#stopped || !other.admits(this.#self)) return;
      other.#hears(message.from);
      this.#board.arrives(message);
      other.handlers?.receive([message]);
    });
  }

  /** Whether what this caller sends is still listened to. */
  admits(caller: Self): boolean {
    return this.#answer(caller, this.#self.id) === undefined;
  }

  /** What keepalives find out. */
  #watchCuts(): void {
    const { scheduler, network } = this.#board;
    for (const link of this.#links.values()) {
      const { peer } = link;
      if (!peer) continue;
      if (network.connects(this.#machine, link.address)) {
        // Whoever is there now knows nothing of this connection, or has ended it, and says so.
        if (!peer.alive || link.lostUntilMs === Infinity) this.#lost(link);
        else this.#board.listening.get(link.address)?.lookAgainAt(this);
        continue;
      }
      scheduler.at(this.process, scheduler.now + noticeCutMs, () => {
        if (link.peer !== peer || network.connects(this.#machine, link.address)) return;
        this.#lost(link);
      });
    }
  }

  #ask<T>(
    id: NodeId,
    timeoutMs: number,
    call: (handlers: PeerHandlers) => Promise<T>,
    lateMs = 0,
  ): Promise<T> {
    const { scheduler, network, listening } = this.#board;
    const link = this.#links.get(id);
    const other = link && listening.get(link.address);
    if (!link || !other?.handlers || other.id !== id) {
      return Promise.reject(unavailable(`member ${id} does not answer`));
    }
    const { handlers } = other;
    return new Promise<T>((resolve, reject) => {
      const overdue = scheduler.at(this.process, scheduler.now + timeoutMs, () =>
        reject(
          other.process.alive
            ? new QuorateError('deadline-exceeded', 'deadline exceeded')
            : unavailable('the connection dropped'),
        ),
      );
      const back = (settleIt: () => void): void =>
        network.call(link.address, this.#machine, this.process, () => {
          overdue.cancel();
          settleIt();
        });
      const arrive = (): void => {
        const refusal = other.#answer(this.#self, id);
        if (refusal) {
          back(() => reject(refusal));
          return;
        }
        call(handlers).then(
          (value) => back(() => resolve(value)),
          (thrown: unknown) => back(() => reject(QuorateError.from(thrown))),
        );
      };
      network.call(this.#machine, link.address, other.process, () => {
        if (lateMs === 0) arrive();
        else scheduler.at(other.process, scheduler.now + lateMs, arrive);
      });
    });
  }
}

function isRequest(message: Message): boolean {
  return message.type === 'propose' || message.type === 'read-index';
}

/** Machines are known by name; their ports are always the same. */
function machineAt(addresses: readonly string[] | undefined): string {
  return addresses?.[0]?.replace(/^http:\/\/|:\d+$/g, '') ?? '';
}

async function* replay(
  chunks: readonly Uint8Array[],
  breaks: boolean,
): AsyncGenerator<Uint8Array, void> {
  const all = breaks ? chunks.slice(0, chunks.length >> 1) : chunks;
  for (const chunk of all) yield await Promise.resolve(chunk);
  if (breaks) throw unavailable('the stream broke');
}
