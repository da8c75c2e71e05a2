import { hexId } from '../member/shown-id.ts';
import type { PeerTraffic } from '../metrics/peer-traffic.ts';
import type { Socket } from 'node:net';
import { QuorateError } from '#shared/base';
import type { Clock, Timer } from '#shared/clock';
import type { Message, NodeId } from '#shared/raft';
import type { PeerHandlers } from '../consensus/transport.ts';
import { decodeBatch, decodeSnapshotPart } from '../wire/message.ts';
import {
  decodeCall,
  decodeHello,
  encodeAnswer,
  encodeError,
  type Hello,
  type PeerAnswer,
  type PeerCall,
} from '../wire/peer.ts';
import { Connection } from './connection.ts';
import { type FrameKind, noPeer } from './frames.ts';
import { hostOf, parseAddress } from '../address.ts';
import { SnapshotIntake } from './snapshot-intake.ts';

export const protocol = 'quorate-peer/1';
const helloTimeoutMs = 5000;

export interface AcceptOptions {
  readonly id: NodeId;
  readonly clusterId: number;
  readonly handlers: PeerHandlers;
  readonly clock: Clock;
  readonly trafficOf: (id: NodeId) => PeerTraffic;
  /** Somebody was let in. */
  readonly came: () => void;
  /** Somebody was turned away. */
  readonly complain: (remote: string, reason: string) => void;
  /** A member that was heard on this connection is not heard on it any more. */
  readonly over: (incoming: Incoming, from: NodeId) => void;
}

/** A connection that another member has opened to this one, or somebody who is none. */
export class Incoming {
  readonly #options: AcceptOptions;
  readonly #connection: Connection;
  readonly #patience: Timer;
  #hello: Hello | undefined;
  /** Of this turn. */
  #messages: Message[] = [];
  #snapshot: SnapshotIntake | undefined;
  #callsUnderWay = 0;
  #refused: QuorateError | undefined;

  constructor(socket: Socket, options: AcceptOptions) {
    this.#options = options;
    const { clock } = options;
    const events = {
      frame: (kind: FrameKind, payload: Buffer) => this.#frame(kind, payload),
      turn: () => this.#turn(),
      closed: (reason: QuorateError) => this.#closed(reason),
    };
    this.#connection = new Connection(socket, clock, events);
    this.#patience = clock.after(helloTimeoutMs, () => {
      this.#connection.destroy(new QuorateError('unavailable', 'it says nothing'));
    });
  }

  /** The member that sends its messages here, as long as it is listened to. */
  get caller(): Pick<Hello, 'from' | 'addresses'> | undefined {
    return this.#refused || this.#hello?.purpose !== 'messages' ? undefined : this.#hello;
  }

  /** Whoever was let in may have to go: the table has changed. */
  lookAgain(): void {
    if (!this.#hello || this.#refused || this.#hello.purpose === 'members') return;
    try {
      this.#check(this.#hello);
    } catch (thrown) {
      this.#refuse(QuorateError.from(thrown));
    }
  }

  destroy(): void {
    this.#connection.destroy();
  }

  #frame(kind: FrameKind, payload: Buffer): void {
    if (this.#refused) return;
    if (!this.#hello) this.#greeted(kind, payload);
    else if (kind === 'messages') this.#messages.push(...decodeBatch(payload));
    else if (kind === 'call') this.#call(payload);
    else if (kind === 'snapshot') this.#part(payload);
    else if (kind === 'snapshotEnd') this.#snapshot?.end();
    else throw noPeer(`a frame of the kind ${kind} is no request`);
  }

  #greeted(kind: FrameKind, payload: Buffer): void {
    const hello = kind === 'hello' ? decodeHello(payload) : undefined;
    if (!hello?.protocol.startsWith('quorate-peer/'))
      throw noPeer('it does not begin with a hello');
    this.#patience.cancel();
    const connection = this.#connection;
    try {
      if (hello.protocol !== protocol) throw otherProtocol(hello.protocol);
      if (hello.purpose === 'members') {
        connection.write('answer', encodeAnswer(0, { cluster: this.#options.handlers.cluster() }));
        connection.end();
        return;
      }
      this.#check(hello);
    } catch (thrown) {
      this.#refuse(QuorateError.from(thrown));
      return;
    }
    this.#hello = hello;
    connection.traffic = this.#options.trafficOf(hello.from);
    connection.trust();
    connection.write('welcome');
    this.#options.came();
  }

  /** Throws where the caller is not meant for this member. */
  #check({ cluster, from, to, incarnation, addresses }: Hello): void {
    const { clusterId, id, handlers } = this.#options;
    if (cluster !== clusterId) {
      throw new QuorateError(
        'failed-precondition',
        `this is a member of cluster ${hexId(clusterId)}, the caller is of cluster ${hexId(cluster)}: ` +
          'check --initial-cluster, --initial-cluster-token and the data directory',
      );
    }
    if (to !== id) {
      throw new QuorateError(
        'failed-precondition',
        `this is member ${hexId(id)}, not ${hexId(to)}`,
      );
    }
    if (!addresses.every(isAddress)) throw noPeer('where the caller listens is no address');
    handlers.admit(from, incarnation);
  }

  /** Nothing more is heard from it; what it has asked already is still answered. */
  #refuse(error: QuorateError): void {
    if (this.#refused) return;
    this.#options.complain(this.#connection.remote, error.message);
    this.#refused = error;
    if (this.#callsUnderWay === 0) this.#dismiss(error);
  }

  #dismiss(error: QuorateError): void {
    this.#connection.write('refusal', encodeError(error));
    this.#connection.end();
  }

  #turn(): void {
    if (this.#messages.length === 0) return;
    const messages = this.#messages;
    this.#messages = [];
    this.#options.handlers.receive(messages);
  }

  #part(payload: Buffer): void {
    const part = decodeSnapshotPart(payload);
    if ('chunk' in part) {
      if (!this.#snapshot) throw noPeer('a snapshot does not begin with its message');
      this.#snapshot.push(part.chunk);
      return;
    }
    this.#snapshot = new SnapshotIntake(this.#connection);
    const { handlers } = this.#options;
    handlers.receiveSnapshot(part.message, this.#snapshot.chunks()).then(
      () => this.#connection.write('answer', encodeAnswer(0, { ttl: 0 })),
      (thrown: unknown) => {
        const error = QuorateError.from(thrown);
        this.#connection.write('answer', encodeAnswer(0, { error }));
      },
    );
  }

  #call(payload: Buffer): void {
    const { id, call } = decodeCall(payload);
    void this.#answer(id, call);
  }

  async #answer(id: number, call: PeerCall): Promise<void> {
    this.#callsUnderWay++;
    const answer = await this.#do(call).catch((thrown: unknown) => ({
      error: QuorateError.from(thrown),
    }));
    this.#connection.write('answer', encodeAnswer(id, answer));
    this.#callsUnderWay--;
    if (this.#refused && this.#callsUnderWay === 0) this.#dismiss(this.#refused);
  }

  async #do(call: PeerCall): Promise<PeerAnswer> {
    const { handlers } = this.#options;
    if (call.type === 'leader-lease') return { ttl: await handlers.leaderLease(call.lease) };
    if (call.type === 'digest') return { digest: await handlers.digest(call.revision) };
    await handlers.changeMembers(call.change);
    return { ttl: 0 };
  }

  #closed(reason: QuorateError): void {
    const { complain, over } = this.#options;
    this.#patience.cancel();
    this.#snapshot?.broken(reason);
    if (QuorateError.is(reason, 'bad-request', 'data-loss')) {
      if (this.#connection.traffic) this.#connection.traffic.receivedFailures++;
      complain(this.#connection.remote, reason.message);
    }
    over(this, this.#hello?.purpose === 'messages' ? this.#hello.from : 0);
  }
}

function isAddress(address: string): boolean {
  try {
    return hostOf(parseAddress(address)) !== '';
  } catch {
    return false;
  }
}

function otherProtocol(theirs: string): QuorateError {
  return new QuorateError(
    'failed-precondition',
    `this member speaks ${protocol}, the caller ${theirs}: let all members run the same version`,
  );
}
