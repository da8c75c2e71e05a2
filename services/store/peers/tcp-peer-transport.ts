import type { Server, Socket } from 'node:net';
import { must, QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { Message, NodeId } from '#shared/raft';
import type { Logger } from '#shared/runtime';
import type {
  Digest,
  LeaderLeaseRequest,
  PeerHandlers,
  PeerTransport,
} from '../consensus/transport.ts';
import { hexId } from '../member/shown-id.ts';
import { PeerTraffic } from '../metrics/peer-traffic.ts';
import type { MemberChange } from '../wire/command.ts';
import type { Hello, PeerAnswer, Purpose } from '../wire/peer.ts';
import { Incoming, protocol } from './accept.ts';
import { PeerLink } from './peer-link.ts';
import { isSecure, listenOn } from '../address.ts';
import { clearText, type PeerSecurity } from './security.ts';
import { sendSnapshot } from './send-snapshot.ts';

export interface TcpPeerOptions {
  readonly id: NodeId;
  readonly clusterId: number;
  readonly incarnation: number;
  /** URLs, or `host:port`, for other members. */
  readonly listen: readonly string[];
  /** Where other members find this one: for those who do not know of it yet. */
  readonly advertise: readonly string[];
  /** Default: clear text, for loopback. */
  readonly security?: PeerSecurity;
  readonly clock: Clock;
  readonly log: Logger;
}

/** More than any cluster needs: whoever opens more is no member. */
const incomingMax = 256;
const snapshotTimeoutMs = 2000;

/**
 * Members over TCP or TLS: one connection from each to each, and one for each snapshot. Whoever is let
 * in and is not known here yet is answered where it says it listens: a member that has not applied yet
 * that its leader was added could never catch up otherwise.
 */
export class TcpPeerTransport implements PeerTransport {
  readonly #options: TcpPeerOptions;
  readonly #security: PeerSecurity;
  readonly #servers: Server[] = [];
  readonly #links = new Map<NodeId, { addresses: readonly string[]; link: PeerLink }>();
  readonly #incoming = new Set<Incoming>();
  readonly #traffic = new Map<NodeId, PeerTraffic>();
  /** Of the table of members. */
  #peers: ReadonlyMap<NodeId, readonly string[]> = new Map();
  #handlers: PeerHandlers | undefined;
  #complained = '';
  #stopped = false;

  constructor(options: TcpPeerOptions) {
    this.#options = options;
    this.#security = options.security ?? clearText;
  }

  /** By member, since this one has started. */
  get traffic(): ReadonlyMap<NodeId, PeerTraffic> {
    return this.#traffic;
  }

  async start(handlers: PeerHandlers): Promise<void> {
    this.#handlers = handlers;
    for (const address of this.#options.listen) await this.#listen(address);
  }

  setPeers(peers: ReadonlyMap<NodeId, readonly string[]>): void {
    if (this.#stopped) return;
    this.#peers = peers;
    for (const incoming of this.#incoming) incoming.lookAgain();
    this.#relink();
  }

  /** A link to everybody in the table, and to everybody who came and is not in it. */
  #relink(): void {
    const wanted = new Map([...this.#callers(), ...this.#peers]);
    for (const [id, { addresses, link }] of this.#links) {
      if (wanted.get(id)?.join() === addresses.join()) continue;
      link.close();
      this.#links.delete(id);
    }
    for (const [id, addresses] of wanted) {
      if (this.#links.has(id) || id === this.#options.id || addresses.length === 0) continue;
      this.#links.set(id, { addresses, link: this.#newLink(id, addresses) });
    }
  }

  *#callers(): Generator<[NodeId, readonly string[]]> {
    for (const { caller } of this.#incoming) if (caller) yield [caller.from, caller.addresses];
  }

  send(messages: readonly Message[]): void {
    const [first] = messages;
    if (!first) return;
    if (messages.every(({ to }) => to === first.to)) {
      this.#links.get(first.to)?.link.send(messages);
      return;
    }
    const byReceiver = Map.groupBy(messages, ({ to }) => to);
    for (const [to, list] of byReceiver) this.#links.get(to)?.link.send(list);
  }

  async sendSnapshot(message: Message, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { clock } = this.#options;
    const { address } = this.#link(message.to);
    const hello = this.#hello(message.to, 'snapshot');
    const security = this.#security;
    await sendSnapshot(
      { address, hello, security, clock, timeoutMs: snapshotTimeoutMs },
      message,
      chunks,
    );
  }

  async leaderLease(leader: NodeId, lease: LeaderLeaseRequest, timeoutMs: number): Promise<number> {
    const answer = await this.#link(leader).call({ type: 'leader-lease', lease }, timeoutMs);
    return ttlOf(answer);
  }

  async changeMembers(leader: NodeId, change: MemberChange, timeoutMs: number): Promise<void> {
    ttlOf(await this.#link(leader).call({ type: 'change-members', change }, timeoutMs));
  }

  async digest(member: NodeId, revision: number, timeoutMs: number): Promise<Digest> {
    const answer = await this.#link(member).call({ type: 'digest', revision }, timeoutMs);
    if ('digest' in answer) return answer.digest;
    throw 'error' in answer
      ? answer.error
      : new QuorateError('data-loss', 'an answer of another kind');
  }

  connectedSince(id: NodeId): number | undefined {
    return this.#links.get(id)?.link.connectedSinceMs;
  }

  stop(): Promise<void> {
    this.#stopped = true;
    for (const { link } of this.#links.values()) link.close();
    this.#links.clear();
    for (const server of this.#servers) server.close();
    for (const incoming of this.#incoming) incoming.destroy();
    return Promise.resolve();
  }

  #newLink(id: NodeId, addresses: readonly string[]): PeerLink {
    const { clock, log } = this.#options;
    const handlers = this.#receiver;
    return new PeerLink({
      id,
      addresses,
      hello: this.#hello(id, 'messages'),
      security: this.#security,
      clock,
      log,
      traffic: this.#trafficOf(id),
      connected: () => handlers.connected(id),
      disconnected: () => handlers.disconnected(id),
      unreachable: () => handlers.unreachable(id),
      refused: (error) => handlers.refused(error),
    });
  }

  #hello(to: NodeId, purpose: Purpose): Hello {
    const { id, clusterId, incarnation, advertise: addresses } = this.#options;
    return { protocol, purpose, cluster: clusterId, from: id, to, incarnation, addresses };
  }

  #listen(address: string): Promise<number> {
    const accept = (socket: Socket): void => this.#accept(socket);
    const server = this.#security.createServer(accept, isSecure(address));
    this.#servers.push(server);
    return listenOn(server, address);
  }

  #accept(socket: Socket): void {
    if (this.#stopped || this.#incoming.size >= incomingMax) {
      socket.destroy();
      return;
    }
    const { id, clusterId, clock } = this.#options;
    const incoming = new Incoming(socket, {
      id,
      clusterId,
      handlers: this.#receiver,
      clock,
      trafficOf: (from) => this.#trafficOf(from),
      came: () => this.#relink(),
      complain: (remote, reason) => this.#complain(remote, reason),
      over: (which, from) => this.#over(which, from),
    });
    this.#incoming.add(incoming);
  }

  #trafficOf(id: NodeId): PeerTraffic {
    const known = this.#traffic.get(id) ?? new PeerTraffic();
    this.#traffic.set(id, known);
    return known;
  }

  /** Whoever comes again and again is told of once. */
  #complain(remote: string, reason: string): void {
    if (reason === this.#complained) return;
    this.#complained = reason;
    this.#options.log.warn({ remote, reason }, 'refused a connection of a peer');
  }

  #over(incoming: Incoming, from: NodeId): void {
    this.#incoming.delete(incoming);
    if (this.#stopped || from === 0) return;
    this.#relink();
    this.#links.get(from)?.link.reconnectSoon();
    this.#receiver.disconnected(from);
  }

  get #receiver(): PeerHandlers {
    return must(this.#handlers, 'the transport is started');
  }

  #link(id: NodeId): PeerLink {
    const known = this.#links.get(id);
    if (!known) throw new QuorateError('unavailable', `member ${hexId(id)} is not known here`);
    return known.link;
  }
}

/** Throws what the other side threw. */
function ttlOf(answer: PeerAnswer): number {
  if ('error' in answer) throw answer.error;
  return 'ttl' in answer ? answer.ttl : 0;
}
