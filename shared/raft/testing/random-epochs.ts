import type { NodeId } from '../types.ts';
import { isJoint, isVoter } from '../conf-change.ts';
import { type CheckedCluster, memberIds } from './checked-cluster.ts';
import type { Member } from './member.ts';

/**
 * Times in which only some members reach each other, who change from one to the next: elections,
 * entries on a few logs, half finished replication, power failures. Logs part quickly in this way, and
 * majorities that should overlap are put to the test.
 */
export class Epochs {
  readonly #cluster: CheckedCluster;
  readonly #electionTicks: number;
  #together = new Set<NodeId>();
  /** They get along without applying, for one epoch or for many. */
  #lazy = new Set<NodeId>();
  readonly #changes: boolean;
  readonly #compacts: boolean;

  constructor(cluster: CheckedCluster, electionTicks: number) {
    this.#cluster = cluster;
    this.#electionTicks = electionTicks;
    this.#changes = cluster.rng.int(2) === 0;
    this.#compacts = cluster.rng.int(2) === 0;
  }

  step(): void {
    const { rng } = this.#cluster;
    this.#gather();
    if (rng.int(2) === 0) this.#lapse();
    const term = this.#newestTerm();
    const loss = rng.int(3) === 0 ? 1 / 3 : 1 / 16;
    let turns = 3 + rng.int(8);
    while (turns > 0) {
      turns -= 1;
      this.#work();
      this.#compute();
      // What is under way when the next epoch begins mostly gets lost between the new sides.
      if (turns === 0 && rng.int(2) === 0) break;
      this.#deliver(loss);
      // The first steps of a new leader are when most can go wrong.
      if (this.#newestTerm() > term) turns = Math.min(turns, rng.int(4));
    }
    if (rng.int(5) === 0) this.#powerFails();
    if (rng.int(6) === 0) this.#lazy = new Set(memberIds.filter(() => rng.int(3) === 0));
  }

  /** Chooses who reaches whom, and starts some of the dead. */
  #gather(): void {
    const { rng, members } = this.#cluster;
    for (const member of members.values()) if (!member.alive && rng.int(2) === 0) member.restart();
    this.#cluster.connectAll();
    const leaders = this.#cluster.leaders();
    const leader = leaders[rng.int(leaders.length)];
    const joint = leader !== undefined && isJoint(leader.machine.conf);
    const kind = rng.int(joint ? 2 : 4);
    if (kind === 0 && leader !== undefined) this.#cluster.partitionConf(leader);
    else if (kind < 3) this.#cluster.partition(() => rng.int(3) === 0);
    this.#together = new Set(memberIds.filter(() => rng.int(8) > 0));
  }

  /** The newest term that has a leader. */
  #newestTerm(): number {
    return Math.max(0, ...this.#cluster.leaders().map(({ raft }) => raft.term));
  }

  #members(): Member[] {
    return [...this.#cluster.members.values()].filter(
      ({ id, alive }) => alive && this.#together.has(id),
    );
  }

  /** The leader counts as lost, or time passes unheard; one or two stand for election. */
  #lapse(): void {
    const { rng } = this.#cluster;
    const members = this.#members();
    const late = rng.int(8) === 0;
    for (const { raft } of members) {
      raft.peerDisconnected(raft.status().leader);
      for (let ticks = late ? rng.int(2 * this.#electionTicks) : 0; ticks > 0; ticks -= 1) {
        raft.tick();
      }
    }
    const voters = members.filter(({ id, machine }) => isVoter(machine.conf, id));
    for (let standing = rng.int(4) === 0 ? 2 : 1; standing > 0; standing -= 1) {
      voters[rng.int(voters.length)]?.raft.campaign();
    }
  }

  #work(): void {
    const { rng } = this.#cluster;
    for (const member of this.#cluster.leaders()) {
      if (rng.int(2) === 0) this.#cluster.propose(member);
      if (rng.int(6) === 0) this.#cluster.read(member);
      if (this.#changes && rng.int(4) === 0) this.#cluster.proposeConfChange(member);
    }
    for (const member of this.#members()) {
      if (rng.int(4) === 0) member.raft.tick();
      if (rng.int(4) === 0) member.persistMachine();
      if (this.#compacts && rng.int(3) === 0) member.compact(rng.int(3));
    }
    if (rng.int(4) === 0) this.#cluster.replay();
  }

  /** All go on, each as far as it comes. */
  #compute(): void {
    const cluster = this.#cluster;
    const { rng } = cluster;
    for (const member of this.#members()) {
      if (rng.int(2) === 0) this.#apply(member);
      cluster.takeReady(member);
      while (member.writesWaiting > 0 && rng.int(8) > 0) cluster.finishWrite(member);
      this.#apply(member);
    }
  }

  #apply(member: Member): void {
    const { rng } = this.#cluster;
    if (this.#lazy.has(member.id) && rng.int(8) > 0) return;
    while (member.appliesWaiting > 0 && rng.int(8) > 0) this.#cluster.applyOne(member);
  }

  /** A message arrives, gets lost or waits for another turn. */
  #deliver(loss: number): void {
    const cluster = this.#cluster;
    for (const message of cluster.takeMessages()) {
      if (cluster.rng.int(16) === 0) cluster.postpone(message);
      else if (cluster.rng.next() < loss) cluster.lose(message);
      else cluster.deliver(message);
    }
  }

  #powerFails(): void {
    const cluster = this.#cluster;
    for (const member of this.#members()) {
      if (cluster.rng.int(3) === 0) cluster.crashUnsynced(member);
    }
  }
}
