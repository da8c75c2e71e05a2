import {
  Metadata,
  type sendUnaryData,
  type Server,
  type ServerDuplexStream,
  type ServerReadableStream,
} from '@grpc/grpc-js';
import { must, QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { Message, NodeId } from '#shared/raft';
import { createServer, handleUnary, listen, toStatus } from '#shared/rpc';
import type { Logger } from '#shared/runtime';
import type { LeaderLeaseRequest, PeerHandlers, PeerTransport } from '../consensus/transport.ts';
import type { ClusterView } from '../wire/cluster.ts';
import type { MemberChange } from '../wire/command.ts';
import type { SnapshotPart } from '../wire/message.ts';
import { PeerLink } from './peer-link.ts';
import { type Empty, peerService } from './peer-service.ts';

export interface GrpcPeerOptions {
  readonly id: NodeId;
  readonly clusterId: number;
  readonly incarnation: number;
  /** `host:port` for other members. */
  readonly listen: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

const clusterHeader = 'quorate-cluster';
const fromHeader = 'quorate-from';
const toHeader = 'quorate-to';
const incarnationHeader = 'quorate-incarnation';

type Incoming = ServerDuplexStream<readonly Message[], Empty>;

/** Members over gRPC: one stream from each to each. */
export class GrpcPeerTransport implements PeerTransport {
  readonly #options: GrpcPeerOptions;
  readonly #server: Server;
  readonly #links = new Map<NodeId, { addresses: readonly string[]; link: PeerLink }>();
  readonly #incoming = new Set<Incoming>();
  #handlers: PeerHandlers | undefined;
  #stopped = false;

  constructor(options: GrpcPeerOptions) {
    this.#options = options;
    this.#server = createServer({
      'grpc.max_receive_message_length': -1,
      'grpc.keepalive_time_ms': 2000,
      'grpc.keepalive_timeout_ms': 2000,
    });
    this.#server.addService(peerService, {
      Messages: (call: Incoming) => this.#accept(call),
      InstallSnapshot: (
        call: ServerReadableStream<SnapshotPart, Empty>,
        callback: sendUnaryData<Empty>,
      ) => {
        this.#acceptSnapshot(call).then(
          () => callback(null, {}),
          (thrown: unknown) => callback(toStatus(thrown)),
        );
      },
      LeaderLease: handleUnary<LeaderLeaseRequest, number>((request, call) => {
        this.#sender(call.metadata);
        return this.#receiver.leaderLease(request);
      }),
      ChangeMembers: handleUnary<MemberChange, Empty>(async (change, call) => {
        this.#sender(call.metadata);
        await this.#receiver.changeMembers(change);
        return {};
      }),
      Members: handleUnary<Empty, ClusterView>(() => Promise.resolve(this.#receiver.cluster())),
    });
  }

  async start(handlers: PeerHandlers): Promise<void> {
    this.#handlers = handlers;
    for (const address of this.#options.listen) await listen(this.#server, address);
  }

  setPeers(peers: ReadonlyMap<NodeId, readonly string[]>): void {
    if (this.#stopped) return;
    for (const [id, { addresses, link }] of this.#links) {
      if (peers.get(id)?.join() === addresses.join()) continue;
      link.close();
      this.#links.delete(id);
    }
    for (const [id, addresses] of peers) {
      if (this.#links.has(id) || id === this.#options.id) continue;
      this.#links.set(id, { addresses, link: this.#newLink(id, addresses) });
    }
    for (const call of this.#incoming) this.#lookAgainAt(call);
  }

  #newLink(id: NodeId, addresses: readonly string[]): PeerLink {
    const { clock, log } = this.#options;
    return new PeerLink({
      id,
      addresses,
      metadata: this.#metadata(id),
      clock,
      log,
      connected: () => this.#receiver.connected(id),
      disconnected: () => this.#receiver.disconnected(id),
      unreachable: () => this.#receiver.unreachable(id),
      refused: (error) => this.#receiver.refused(error),
    });
  }

  /** The table has changed: whoever was let in may have to go. */
  #lookAgainAt(call: Incoming): void {
    try {
      this.#sender(call.metadata);
    } catch (thrown) {
      this.#incoming.delete(call);
      call.emit('error', toStatus(thrown));
    }
  }

  send(messages: readonly Message[]): void {
    const byReceiver = new Map<NodeId, Message[]>();
    for (const message of messages) {
      const list = byReceiver.get(message.to);
      if (list) list.push(message);
      else byReceiver.set(message.to, [message]);
    }
    for (const [to, list] of byReceiver) this.#links.get(to)?.link.send(list);
  }

  sendSnapshot(message: Message, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#link(message.to).sendSnapshot(message, chunks);
  }

  async leaderLease(
    leader: NodeId,
    request: LeaderLeaseRequest,
    timeoutMs: number,
  ): Promise<number> {
    return this.#link(leader).leaderLease(request, timeoutMs);
  }

  async changeMembers(leader: NodeId, change: MemberChange, timeoutMs: number): Promise<void> {
    return this.#link(leader).changeMembers(change, timeoutMs);
  }

  connectedSince(id: NodeId): number | undefined {
    return this.#links.get(id)?.link.connectedSinceMs;
  }

  stop(): Promise<void> {
    this.#stopped = true;
    for (const { link } of this.#links.values()) link.close();
    this.#links.clear();
    for (const call of this.#incoming) call.end();
    this.#server.forceShutdown();
    return Promise.resolve();
  }

  get #receiver(): PeerHandlers {
    return must(this.#handlers, 'the transport is started');
  }

  #link(id: NodeId): PeerLink {
    const known = this.#links.get(id);
    if (!known) throw new QuorateError('unavailable', `member ${id} is not known here`);
    return known.link;
  }

  #metadata(to: NodeId): Metadata {
    const metadata = new Metadata();
    metadata.set(clusterHeader, String(this.#options.clusterId));
    metadata.set(fromHeader, String(this.#options.id));
    metadata.set(toHeader, String(to));
    metadata.set(incarnationHeader, String(this.#options.incarnation));
    return metadata;
  }

  /** The calling member's id; throws where the call is not meant for this member. */
  #sender(metadata: Metadata): NodeId {
    const { clusterId, id } = this.#options;
    const header = (name: string): number => Number(metadata.get(name)[0] ?? 0);
    if (header(clusterHeader) !== clusterId) {
      throw new QuorateError(
        'failed-precondition',
        `this is a member of cluster ${clusterId}, the caller is of cluster ${header(clusterHeader)}: ` +
          'check --initial-cluster, --initial-cluster-token and the data directory',
      );
    }
    if (header(toHeader) !== id) {
      throw new QuorateError(
        'failed-precondition',
        `this is member ${id}, not ${header(toHeader)}`,
      );
    }
    this.#receiver.admit(header(fromHeader), header(incarnationHeader));
    return header(fromHeader);
  }

  #accept(call: Incoming): void {
    let from: NodeId;
    try {
      from = this.#sender(call.metadata);
    } catch (thrown) {
      call.emit('error', toStatus(thrown));
      return;
    }
    call.sendMetadata(new Metadata());
    this.#incoming.add(call);
    call.on('data', (messages: readonly Message[]) => {
      if (!this.#stopped && this.#incoming.has(call)) this.#receiver.receive(messages);
    });
    const over = (): void => {
      if (!this.#incoming.delete(call) || this.#stopped) return;
      this.#links.get(from)?.link.reconnectSoon();
      this.#receiver.disconnected(from);
    };
    call.on('end', () => {
      call.end();
      over();
    });
    call.on('cancelled', over);
    call.on('error', over);
    call.on('close', over);
  }

  async #acceptSnapshot(call: ServerReadableStream<SnapshotPart, Empty>): Promise<void> {
    this.#sender(call.metadata);
    const parts: AsyncIterator<SnapshotPart> = call[Symbol.asyncIterator]();
    const first = await parts.next();
    if (first.done || !('message' in first.value)) {
      throw new QuorateError('bad-request', 'a snapshot stream begins with its message');
    }
    await this.#receiver.receiveSnapshot(first.value.message, chunksOf(parts));
  }
}

async function* chunksOf(parts: AsyncIterator<SnapshotPart>): AsyncGenerator<Uint8Array, void> {
  for (let part = await parts.next(); !part.done; part = await parts.next()) {
    if ('chunk' in part.value) yield part.value.chunk;
  }
}
