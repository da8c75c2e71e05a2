import { assert, must } from '#shared/base';
import { decodeConfChange } from '../conf-change-codec.ts';
import type { RaftConfig } from '../config.ts';
import { Raft } from '../raft.ts';
import type { ConfState, Entry, Message, NodeId, Ready, Snapshot } from '../types.ts';
import { MemoryLog } from './memory-log.ts';

/** A state machine that is nothing but the hash of all it has applied: equal hash, equal history. */
export interface Machine {
  readonly applied: number;
  readonly hash: number;
  readonly conf: ConfState;
}

export type RaftOptions = Omit<RaftConfig, 'id' | 'storage' | 'applied'>;

export const noConf: ConfState = {
  voters: [],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

/** FNV-1a over everything that makes an entry. */
function hashEntry(hash: number, { term, index, type, data }: Entry): number {
  let result = hash;
  for (const value of [term, index, type.length, ...data]) {
    result = Math.imul(result ^ value, 0x01000193) >>> 0;
  }
  return result;
}

/**
 * One member with its disk: a host that takes Readys, writes and applies them each in its own time,
 * and loses on a crash what a real one would lose.
 */
export class Member {
  readonly id: NodeId;
  readonly disk: MemoryLog;
  readonly #options: RaftOptions;
  raft: Raft;
  alive = true;
  machine: Machine;
  /** What of the machine would survive a crash. */
  #durableMachine: Machine;
  /** Commit index of the last write that had to be synced. */
  #syncedCommit: number;
  #toWrite: Ready[] = [];
  #toApply: Entry[] = [];

  constructor(id: NodeId, conf: ConfState, options: RaftOptions) {
    this.id = id;
    this.#options = options;
    this.disk = new MemoryLog(conf);
    this.machine = { applied: this.disk.lastIndex(), hash: 1, conf };
    this.#durableMachine = this.machine;
    this.#syncedCommit = this.disk.hardState.commit;
    this.raft = this.#start();
  }

  #start(): Raft {
    const { applied } = this.machine;
    return new Raft({ ...this.#options, id: this.id, storage: this.disk, applied });
  }

  get writesWaiting(): number {
    return this.#toWrite.length;
  }

  get appliesWaiting(): number {
    return this.#toApply.length;
  }

  takeReady(): Ready {
    const ready = this.raft.ready();
    this.#toWrite.push(ready);
    for (const entry of ready.committed) this.#toApply.push(entry);
    return ready;
  }

  /** Entries of the write that ended last. */
  written: readonly Entry[] = [];

  /** Finishes the oldest write: the Ready's second half may leave now. */
  finishWrite(): readonly Message[] {
    const ready = must(this.#toWrite.shift(), 'a write is under way');
    this.disk.write(ready);
    this.written = ready.entries;
    if (ready.entries.length > 0 || ready.snapshot) this.#syncedCommit = this.disk.hardState.commit;
    if (ready.snapshot !== undefined) this.#install(ready.snapshot);
    this.raft.advance(ready);
    return ready.messagesAfterSync;
  }

  #install(snapshot: Snapshot): void {
    const { index, confState } = snapshot.metadata;
    assert(index > this.machine.applied, 'a snapshot never takes the machine back');
    const hash = new DataView(snapshot.data.buffer).getUint32(0);
    this.machine = { applied: index, hash, conf: confState };
    this.#durableMachine = this.machine;
    this.#toApply = this.#toApply.filter((entry) => entry.index > index);
  }

  /** Applies the next committed entry; the machine before it stays as it was. */
  applyOne(): Entry {
    const entry = must(this.#toApply.shift(), 'an entry waits to be applied');
    assert(entry.index === this.machine.applied + 1, 'entries are applied without gap or repeat');
    assert(this.disk.term(entry.index) === entry.term, 'only durable entries are applied');
    let { conf } = this.machine;
    if (entry.type === 'conf-change')
      conf = this.raft.applyConfChange(decodeConfChange(entry.data));
    this.machine = { applied: entry.index, hash: hashEntry(this.machine.hash, entry), conf };
    this.raft.applied(entry.index);
    return entry;
  }

  /** The machine reaches the disk; from then on it is not replayed. */
  persistMachine(): void {
    this.#durableMachine = this.machine;
    this.disk.confState = this.machine.conf;
  }

  /** Snapshots the durable machine and drops entries that are in it, but for `keep` of them. */
  compact(keep: number): void {
    const { applied, conf, hash } = this.#durableMachine;
    if (applied <= this.disk.compactedIndex()) return;
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint32(0, hash);
    this.disk.createSnapshot(applied, conf, data);
    this.disk.compact(applied - keep);
  }

  /** Power is gone: unwritten Readys are lost, unsynced commit indexes may be. */
  crash(loseCommit: boolean): void {
    assert(this.alive, 'only the living crash');
    this.alive = false;
    this.#toWrite = [];
    this.#toApply = [];
    if (!loseCommit) return;
    const { hardState } = this.disk;
    const commit = Math.min(hardState.commit, this.#syncedCommit);
    this.disk.hardState = { ...hardState, commit };
  }

  restart(): void {
    assert(!this.alive, 'only the dead are restarted');
    this.alive = true;
    this.machine = this.#durableMachine;
    this.disk.confState = this.machine.conf;
    this.raft = this.#start();
  }
}
