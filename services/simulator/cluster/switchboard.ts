import type { Message } from '#shared/raft';
import type { Network } from '../world/network.ts';
import type { Scheduler } from '../world/scheduler.ts';

/** Has connections to others of its kind. */
interface Endpoint {
  /** The process at the other end has ended its connections. */
  peerGone(other: this): void;
}

/** Who listens where: by the name of the machine. */
export class Switchboard<T extends Endpoint> {
  readonly listening = new Map<string, T>();
  readonly scheduler: Scheduler;
  readonly network: Network;
  /** Everything that is sent passes here, before it may get lost. */
  readonly sent: (message: Message) => void;
  /** And everything that is about to be received. */
  readonly arrives: (message: Message) => void;
  #atNextVote: ((candidate: string) => void) | undefined;
  #atNextProposal: ((from: string, count: number) => boolean) | undefined;
  #loses: ((message: Message) => boolean) | undefined;

  constructor(
    scheduler: Scheduler,
    network: Network,
    watching: Pick<Switchboard<T>, 'sent' | 'arrives'>,
  ) {
    this.scheduler = scheduler;
    this.network = network;
    this.sent = watching.sent;
    this.arrives = watching.arrives;
  }

  /** Calls `fn` once, before the next request for a real vote leaves its machine. */
  atNextVote(fn: ((candidate: string) => void) | undefined): void {
    this.#atNextVote = fn;
  }

  /** Calls `fn` before a follower hands so many proposals to its leader; false: they get lost. */
  atNextProposal(fn: ((from: string, count: number) => boolean) | undefined): void {
    this.#atNextProposal = fn;
  }

  /** What `fn` says yes to gets lost, as if nothing had been sent. */
  loses(fn: ((message: Message) => boolean) | undefined): void {
    this.#loses = fn;
  }

  /** False: it gets lost. */
  sends(machine: string, message: Message): boolean {
    if (message.type === 'vote' && !message.preVote) this.#atNextVote?.(machine);
    this.sent(message);
    if (this.#loses?.(message)) return false;
    if (message.type !== 'propose') return true;
    return this.#atNextProposal?.(machine, message.entries.length) ?? true;
  }

  /** The process that listened on this machine is no more. */
  gone(machine: string, transport: T): void {
    if (this.listening.get(machine) === transport) this.listening.delete(machine);
    for (const other of this.listening.values()) other.peerGone(transport);
  }
}
