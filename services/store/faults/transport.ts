import { QuorateError } from '#shared/base';
import { type FaultPlane, MessageShaper, passPointSync } from '#shared/faults';
import type { Message, NodeId } from '#shared/raft';
import type {
  Digest,
  LeaderLeaseRequest,
  PeerHandlers,
  PeerTransport,
} from '../consensus/transport.ts';
import type { MemberChange } from '../wire/command.ts';

/** Only leaders send these. */
const fromLeaders: ReadonlySet<Message['type']> = new Set(['append', 'heartbeat', 'snapshot']);

/** Raft's messages with the link faults of the plane: lost, late, doubled, out of order. */
export class FaultyTransport implements PeerTransport {
  readonly #transport: PeerTransport;
  readonly #plane: FaultPlane;
  readonly #nameOf: (id: NodeId) => string;
  readonly #shapers = new Map<string, MessageShaper>();

  constructor(transport: PeerTransport, plane: FaultPlane, nameOf: (id: NodeId) => string) {
    this.#transport = transport;
    this.#plane = plane;
    this.#nameOf = nameOf;
    plane.addPoint('raftBeforeLeaderSend', { skippable: true });
    plane.addPoint('raftBeforeFollowerSend', { skippable: true });
  }

  start(handlers: PeerHandlers): Promise<void> {
    return this.#transport.start({
      ...handlers,
      receive: (messages) => {
        this.#shape(
          messages,
          'in',
          ({ from }) => from,
          (some) => handlers.receive(some),
        );
      },
      receiveSnapshot: async (message, chunks) => {
        this.#refuseCut(message.from, 'in');
        await handlers.receiveSnapshot(message, chunks);
      },
    });
  }

  setPeers(peers: ReadonlyMap<NodeId, readonly string[]>): void {
    this.#transport.setPeers(peers);
  }

  send(messages: readonly Message[]): void {
    const leads = messages.some(({ type }) => fromLeaders.has(type));
    const point = leads ? 'raftBeforeLeaderSend' : 'raftBeforeFollowerSend';
    if (passPointSync(this.#plane, point) === 'return') return;
    this.#shape(
      messages,
      'out',
      ({ to }) => to,
      (some) => this.#transport.send(some),
    );
  }

  async sendSnapshot(message: Message, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#refuseCut(message.to, 'out');
    await this.#transport.sendSnapshot(message, this.#slowed(message.to, chunks));
  }

  async leaderLease(
    leader: NodeId,
    request: LeaderLeaseRequest,
    timeoutMs: number,
  ): Promise<number> {
    await this.#getThrough(leader, timeoutMs);
    return this.#transport.leaderLease(leader, request, timeoutMs);
  }

  async changeMembers(leader: NodeId, change: MemberChange, timeoutMs: number): Promise<void> {
    await this.#getThrough(leader, timeoutMs);
    return this.#transport.changeMembers(leader, change, timeoutMs);
  }

  async digest(member: NodeId, revision: number, timeoutMs: number): Promise<Digest> {
    await this.#getThrough(member, timeoutMs);
    return this.#transport.digest(member, revision, timeoutMs);
  }

  connectedSince(id: NodeId): number | undefined {
    return this.#transport.connectedSince(id);
  }

  stop(): Promise<void> {
    return this.#transport.stop();
  }

  /** What meets no fault goes on together, as it came. */
  #shape(
    messages: readonly Message[],
    direction: 'in' | 'out',
    peerOf: (message: Message) => NodeId,
    deliver: (messages: readonly Message[]) => void,
  ): void {
    const free: Message[] = [];
    for (const message of messages) {
      const shaper = this.#shaper(peerOf(message), direction);
      if (shaper.faulty) shaper.pass(sizeOf(message), () => deliver([message]));
      else free.push(message);
    }
    if (free.length > 0) deliver(free);
  }

  #shaper(id: NodeId, direction: 'in' | 'out'): MessageShaper {
    const key = `${direction} ${id}`;
    let shaper = this.#shapers.get(key);
    if (!shaper) {
      shaper = new MessageShaper(this.#plane, this.#nameOf(id), direction);
      // A name that is not known yet may be known the next time.
      if (this.#nameOf(id) !== '') this.#shapers.set(key, shaper);
    }
    return shaper;
  }

  /** A question and its answer: lost where either way is cut. */
  async #getThrough(id: NodeId, timeoutMs: number): Promise<void> {
    if (!this.#shaper(id, 'out').cut && !this.#shaper(id, 'in').cut) return;
    await this.#plane.clock.sleep(timeoutMs);
    throw new QuorateError('unavailable', `no answer from member ${this.#nameOf(id)}`);
  }

  #refuseCut(id: NodeId, direction: 'in' | 'out'): void {
    if (!this.#shaper(id, direction).cut) return;
    throw new QuorateError('unavailable', `the link to member ${this.#nameOf(id)} is cut`);
  }

  async *#slowed(id: NodeId, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    const shaper = this.#shaper(id, 'out');
    for await (const chunk of chunks) {
      this.#refuseCut(id, 'out');
      if (shaper.faulty) await new Promise<void>((go) => shaper.pass(chunk.length, go));
      yield chunk;
    }
  }
}

const headBytes = 64;

function sizeOf(message: Message): number {
  let bytes = headBytes;
  if ('entries' in message) for (const { data } of message.entries) bytes += data.length + 16;
  return bytes;
}
