import { createRng, must } from '#shared/base';
import { ManualClock } from '#shared/clock';
import type { ConfState, Message, NodeId } from '#shared/raft';
import type { Logger } from '#shared/runtime';
import { RaftNode } from '../consensus/node.ts';
import type { LeaderLeaseRequest, PeerHandlers, PeerTransport } from '../consensus/transport.ts';
import { StateMachine } from '../state/state-machine.ts';
import { MemoryStorage } from './memory-storage.ts';

export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

const hopMs = 1;

export interface LocalMember {
  readonly id: NodeId;
  readonly storage: MemoryStorage;
  node: RaftNode;
  state: StateMachine;
  up: boolean;
  starts: number;
  failure: Error | undefined;
}

/** Members in one process, on one clock that stands still, over a network that can be cut. */
export class LocalCluster {
  readonly clock = new ManualClock();
  readonly members: LocalMember[] = [];
  readonly #cut = new Set<NodeId>();
  readonly #handlers = new Map<NodeId, PeerHandlers>();
  readonly #options: { readonly snapshotCount: number; readonly catchUpEntries: number };

  constructor(size: number, options = { snapshotCount: 10_000, catchUpEntries: 5000 }) {
    this.#options = options;
    const voters = Array.from({ length: size }, (_, i) => i + 1);
    const confState: ConfState = {
      voters,
      learners: [],
      votersOutgoing: [],
      learnersNext: [],
      autoLeave: false,
    };
    for (const id of voters) this.#boot(id, new MemoryStorage(confState), 1);
  }

  member(id: NodeId): LocalMember {
    return must(this.members[id - 1], `member ${id}`);
  }

  leader(): LocalMember {
    return must(
      this.members.find(({ up, node, id }) => up && node.leads && !this.#cut.has(id)),
      'somebody leads',
    );
  }

  others(id: NodeId): LocalMember[] {
    return this.members.filter((member) => member.id !== id && member.up);
  }

  /** The process dies: its connections drop, what was not durable is gone. */
  crash(id: NodeId): void {
    const member = this.member(id);
    member.up = false;
    this.#handlers.delete(id);
    for (const other of this.others(id)) other.node.disconnected(id);
  }

  restart(id: NodeId): void {
    const { storage, starts } = this.member(id);
    storage.crash();
    this.#boot(id, storage, starts + 1);
  }

  /** Nothing gets in or out, and nobody is told. */
  cut(id: NodeId): void {
    this.#cut.add(id);
  }

  heal(id: NodeId): void {
    this.#cut.delete(id);
  }

  #boot(id: NodeId, storage: MemoryStorage, starts: number): void {
    const state = new StateMachine(storage.backend, () => undefined);
    const member = {
      id,
      storage,
      state,
      starts,
      up: true,
      failure: undefined,
    } as unknown as LocalMember;
    member.node = new RaftNode({
      id,
      starts,
      storage,
      transport: this.#transport(id),
      applier: {
        apply: (operation, index) => member.state.apply(operation, index),
        replace: (backend) => member.state.replace(backend),
        idle: () => false,
      },
      clock: this.clock,
      rng: createRng(id + starts * 1000),
      log: silent,
      timing: { tickMs: 10, heartbeatMs: 100, electionMs: 1000 },
      ...this.#options,
      maxRequestBytes: 1 << 20,
      leaderChanged: () => undefined,
      fatal: (error) => {
        member.failure = error;
      },
    });
    this.members[id - 1] = member;
    this.#handlers.set(id, {
      receive: (messages) => member.node.receive(messages),
      receiveSnapshot: (message, chunks) => member.node.receiveSnapshot(message, chunks),
      connected: (peer) => member.node.connected(peer),
      disconnected: (peer) => member.node.disconnected(peer),
      unreachable: (peer) => member.node.unreachable(peer),
      leaderLease: (_request: LeaderLeaseRequest) => Promise.resolve(-1),
      changeMembers: () => Promise.resolve(),
      digest: () => Promise.reject(new Error('not asked here')),
      cluster: () => ({ id: 1, members: [...member.state.members.values()], removed: [] }),
      admit: () => undefined,
      refused: (error) => {
        member.failure = error;
      },
    });
  }

  #reaches(from: NodeId, to: NodeId): PeerHandlers | undefined {
    if (this.#cut.has(from) || this.#cut.has(to) || !this.members[from - 1]?.up) return undefined;
    return this.#handlers.get(to);
  }

  #transport(from: NodeId): PeerTransport {
    return {
      start: () => Promise.resolve(),
      setPeers: () => undefined,
      send: (messages: readonly Message[]) => {
        if (!this.members[from - 1]?.up) return;
        for (const message of messages) {
          this.clock.after(hopMs, () => this.#reaches(from, message.to)?.receive([message]));
        }
      },
      sendSnapshot: async (message, chunks) => {
        await must(this.#reaches(from, message.to), 'reachable').receiveSnapshot(message, chunks);
      },
      leaderLease: () => Promise.resolve(-1),
      changeMembers: () => Promise.resolve(),
      digest: () => Promise.reject(new Error('not asked here')),
      connectedSince: (id) => (this.#reaches(from, id) ? 0 : undefined),
      stop: () => Promise.resolve(),
    };
  }
}
