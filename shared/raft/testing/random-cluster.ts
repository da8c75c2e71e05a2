import { assert, createRng, must, type Rng } from '#shared/base';
import { allMembers } from '../conf-change.ts';
import type { ConfChange, ConfState, Message, NodeId } from '../types.ts';
import { CommittedKept } from './checkers/committed-kept.ts';
import { ElectionSafety } from './checkers/election-safety.ts';
import { LeaderCompleteness } from './checkers/leader-completeness.ts';
import { LinearizableReads } from './checkers/linearizable-reads.ts';
import { LogMatching } from './checkers/log-matching.ts';
import { StateMachineSafety } from './checkers/state-machine-safety.ts';
import { Violation } from './checkers/violation.ts';
import { Member, noConf } from './member.ts';

/** How often each event happens in one step; all drawn from the seed, so that seeds differ in kind. */
interface Rates {
  readonly tick: number;
  readonly deliver: number;
  readonly ready: number;
  readonly write: number;
  readonly apply: number;
  readonly propose: number;
  readonly read: number;
  readonly drop: number;
  readonly duplicate: number;
  readonly crash: number;
  readonly restart: number;
  readonly partition: number;
  readonly heal: number;
  readonly compact: number;
  readonly persist: number;
  readonly disconnect: number;
  readonly transfer: number;
  readonly confChange: number;
}

function drawRates(rng: Rng): Rates {
  const upTo = (most: number): number => rng.next() * most;
  const sometimes = (most: number): number => (rng.int(3) === 0 ? 0 : upTo(most));
  return {
    tick: 0.2 + upTo(1),
    deliver: 1 + upTo(4),
    ready: 1 + upTo(2),
    write: 0.5 + upTo(2),
    apply: 0.5 + upTo(2),
    propose: 0.05 + upTo(0.3),
    read: sometimes(0.3),
    drop: sometimes(0.15),
    duplicate: sometimes(0.15),
    crash: sometimes(0.02),
    restart: 0.01 + upTo(0.05),
    partition: sometimes(0.01),
    heal: 0.002 + upTo(0.01),
    compact: sometimes(0.03),
    persist: 0.01 + upTo(0.1),
    disconnect: sometimes(0.03),
    transfer: sometimes(0.01),
    confChange: sometimes(0.03),
  };
}

const memberIds: readonly NodeId[] = [1, 2, 3, 4, 5, 6];
const stepsInStorm = 1500;
const roundsToHeal = 600;

/** A cluster on a lossy network, driven by one seed and checked after every step. */
export class RandomCluster {
  readonly #rng: Rng;
  #rates: Rates;
  readonly #members: ReadonlyMap<NodeId, Member>;
  #network: Message[] = [];
  readonly #cut = new Set<string>();
  #counter = 0;
  readonly #elections = new ElectionSafety();
  readonly #matching = new LogMatching();
  readonly #completeness = new LeaderCompleteness();
  readonly #kept = new CommittedKept();
  readonly #machines = new StateMachineSafety();
  readonly #reads = new LinearizableReads();
  /** What was seen of each member already: its leading term, and its commit index. */
  readonly #seenLeading = new Map<NodeId, number>();
  readonly #seenCommit = new Map<NodeId, number>();

  constructor(seed: number) {
    const rng = createRng(seed);
    this.#rng = rng;
    this.#rates = drawRates(rng);
    const voters = memberIds.slice(0, 3 + rng.int(3));
    const electionTicks = 5 + rng.int(6);
    const checkQuorum = rng.int(4) > 0;
    const options = {
      electionTicks,
      heartbeatTicks: 1 + rng.int(2),
      rng,
      maxMessageBytes: [1, 8, 1024][rng.int(3)] ?? 1024,
      maxInflightMessages: 1 + rng.int(6),
      maxUncommittedBytes: [16, 1 << 20][rng.int(2)] ?? 16,
      // Without pre-vote removed members disrupt for ever, which is their right.
      preVote: checkQuorum || rng.int(2) > 0,
      checkQuorum,
      earlyPreVoteTicks: 1 + rng.int(3),
    };
    const conf = (id: NodeId): ConfState => (voters.includes(id) ? { ...noConf, voters } : noConf);
    this.#members = new Map(memberIds.map((id) => [id, new Member(id, conf(id), options)]));
  }

  /** Safety under every fault, then liveness once they end. Throws on a violation. */
  run(): void {
    for (let step = 0; step < stepsInStorm; step += 1) this.#storm();
    this.#heal();
  }

  #storm(): void {
    const rates = this.#rates;
    this.#often(rates.tick, () => this.#any((member) => member.raft.tick()));
    this.#often(rates.deliver, () => this.#deliverAny());
    this.#often(rates.ready, () => this.#any((member) => this.#takeReady(member)));
    this.#often(rates.write, () => this.#any((member) => this.#finishWrite(member)));
    this.#often(rates.apply, () => this.#any((member) => this.#applyOne(member)));
    this.#often(rates.propose, () => this.#any((member) => this.#propose(member)));
    this.#often(rates.read, () => this.#any((member) => this.#read(member)));
    this.#often(rates.persist, () => this.#any((member) => member.persistMachine()));
    this.#often(rates.compact, () => this.#any((member) => member.compact(this.#rng.int(5))));
    this.#often(rates.transfer, () =>
      this.#any((member) => void member.raft.transferLeadership(this.#anyId())),
    );
    this.#often(rates.disconnect, () => this.#disconnect(this.#anyId(), this.#anyId()));
    this.#often(rates.confChange, () =>
      this.#any((member) => void member.raft.proposeConfChange(this.#drawConfChange())),
    );
    this.#often(rates.partition, () => this.#partition());
    this.#often(rates.heal, () => this.#cut.clear());
    this.#often(rates.crash, () => this.#any((member) => this.#crash(member)));
    this.#often(rates.restart, () => {
      const member = this.#member(this.#anyId());
      if (!member.alive) member.restart();
    });
    for (const member of this.#members.values()) this.#observe(member);
  }

  /** `rate` may exceed 1; what is left of it is the chance of once more. */
  #often(rate: number, event: () => void): void {
    for (let left = rate; left > 0; left -= 1) {
      if (this.#rng.next() < left) event();
    }
  }

  #anyId(): NodeId {
    return must(memberIds[this.#rng.int(memberIds.length)], 'an id');
  }

  #member(id: NodeId): Member {
    return must(this.#members.get(id), 'a member');
  }

  #any(event: (member: Member) => void): void {
    const member = this.#member(this.#anyId());
    if (member.alive) event(member);
  }

  #takeReady(member: Member): void {
    if (!member.raft.hasReady()) return;
    const ready = member.takeReady();
    for (const { context, index } of ready.readStates) this.#reads.answered(context, index);
    this.#send(ready.messages);
  }

  #finishWrite(member: Member): void {
    if (member.writesWaiting === 0) return;
    this.#send(member.finishWrite());
    for (const entry of member.written) {
      this.#matching.holds(entry, must(member.disk.term(entry.index - 1), 'the term before'));
    }
  }

  #applyOne(member: Member): void {
    if (member.appliesWaiting > 0) member.applyOne();
  }

  #propose(member: Member): void {
    this.#counter += 1;
    member.raft.propose(Uint8Array.of(this.#counter & 255, this.#counter >> 8));
  }

  #read(member: Member): void {
    this.#counter += 1;
    this.#reads.asked(this.#counter, this.#kept.last);
    member.raft.readIndex(this.#counter);
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      if (this.#rng.next() < this.#rates.drop) this.#lost(message);
      else this.#network.push(message);
      if (this.#rng.next() < this.#rates.duplicate) this.#network.push(message);
    }
  }

  #lost(message: Message): void {
    const sender = this.#member(message.from);
    if (!sender.alive) return;
    if (message.type === 'snapshot') sender.raft.reportSnapshot(message.to, false);
    else if (this.#rng.int(4) === 0) sender.raft.reportUnreachable(message.to);
  }

  /** Mostly an old message, sometimes any. */
  #deliverAny(): void {
    if (this.#network.length === 0) return;
    const reach = this.#rng.int(4) === 0 ? this.#network.length : Math.min(4, this.#network.length);
    const [message] = this.#network.splice(this.#rng.int(reach), 1);
    this.#deliver(must(message, 'a message'));
  }

  #deliver(message: Message): void {
    const receiver = this.#member(message.to);
    if (!receiver.alive || this.#cut.has(`${message.from}>${message.to}`)) {
      this.#lost(message);
      return;
    }
    receiver.raft.step(message);
    const sender = this.#member(message.from);
    if (message.type === 'snapshot' && sender.alive) sender.raft.reportSnapshot(message.to, true);
  }

  /** A connection drops, truly or only as one side sees it. */
  #disconnect(at: NodeId, from: NodeId): void {
    if (at !== from && this.#member(at).alive) this.#member(at).raft.peerDisconnected(from);
  }

  #partition(): void {
    const side = new Set(memberIds.filter(() => this.#rng.int(2) === 0));
    const oneWay = this.#rng.int(4) === 0;
    for (const from of memberIds) {
      for (const to of memberIds) {
        if (side.has(from) !== side.has(to) && (!oneWay || side.has(from))) {
          this.#cut.add(`${from}>${to}`);
        }
      }
    }
  }

  #crash(member: Member): void {
    member.crash(this.#rng.int(2) === 0);
    if (this.#rng.int(2) > 0) return;
    for (const id of memberIds) this.#disconnect(id, member.id);
  }

  #drawConfChange(): ConfChange {
    const context = new Uint8Array();
    if (this.#rng.int(4) === 0) return { changes: [], context };
    const types = ['add-voter', 'add-voter', 'add-learner', 'remove'] as const;
    const changes = Array.from({ length: 1 + this.#rng.int(3) }, () => ({
      type: types[this.#rng.int(4)] ?? 'remove',
      nodeId: this.#anyId(),
    }));
    return {
      changes,
      joint: (['auto', 'implicit', 'explicit'] as const)[this.#rng.int(3)],
      context,
    };
  }

  #observe(member: Member): void {
    if (!member.alive) return;
    const { id, disk, raft, machine } = member;
    const status = raft.status();
    this.#machines.reached(id, machine.applied, machine.hash);
    if (status.role === 'leader' && this.#seenLeading.get(id) !== status.term) {
      this.#seenLeading.set(id, status.term);
      this.#elections.leads(id, status.term);
      // Its newest entry may still be on its way to the disk; what is committed cannot be.
      this.#completeness.elected(
        id,
        status.term,
        disk.compactedIndex(),
        (at) => disk.term(at) ?? 0,
      );
    }
    const seen = this.#seenCommit.get(id) ?? 0;
    // What is not yet durable here is looked at when it is.
    const durable = Math.min(status.commit, machine.applied);
    for (let at = Math.max(seen, disk.compactedIndex()) + 1; at <= durable; at += 1) {
      const term = must(disk.term(at), 'a committed entry is in the log');
      this.#kept.committed(id, at, term);
      this.#completeness.committed(at, term, status.term);
    }
    this.#seenCommit.set(id, Math.max(seen, durable));
  }

  /** All faults end; within some election timeouts everybody must agree and go on. */
  #heal(): void {
    this.#cut.clear();
    this.#rates = { ...this.#rates, drop: 0, duplicate: 0 };
    for (const member of this.#members.values()) if (!member.alive) member.restart();
    let marker: { readonly term: number; readonly index: number } | undefined;
    for (let round = 0; round < roundsToHeal; round += 1) {
      for (const member of this.#members.values()) {
        // Clocks of their own: nobody ticks in lockstep.
        if (this.#rng.int(3) > 0) member.raft.tick();
      }
      this.#settle();
      for (const member of this.#members.values()) this.#observe(member);
      const leader = this.#agreedLeader();
      if (leader === undefined) continue;
      const { term } = leader.raft.status();
      if (marker?.term === term) {
        if (this.#converged(leader, marker.index)) return;
      } else if (leader.raft.propose(Uint8Array.of(255)) === 'accepted') {
        marker = { term, index: leader.raft.status().lastIndex };
      }
    }
    throw new Violation(`no convergence after all faults ended:\n${this.describe()}`);
  }

  /** Delivers, writes and applies until nothing moves. */
  #settle(): void {
    for (let turn = 0; turn < 50; turn += 1) {
      for (const member of this.#members.values()) {
        this.#takeReady(member);
        while (member.writesWaiting > 0) this.#finishWrite(member);
        while (member.appliesWaiting > 0) this.#applyOne(member);
      }
      const messages = this.#network;
      this.#network = [];
      for (const message of messages) this.#deliver(message);
      if (messages.length === 0) return;
    }
  }

  #agreedLeader(): Member | undefined {
    const leaders = [...this.#members.values()].filter(
      (member) => member.raft.status().role === 'leader',
    );
    return leaders.length === 1 ? leaders[0] : undefined;
  }

  #converged(leader: Member, marker: number): boolean {
    const status = leader.raft.status();
    if (status.commit < marker) return false;
    const members = allMembers(status.confState).map((id) => this.#member(id));
    assert(members.length > 0, 'a cluster has members');
    if (members.some(({ machine }) => machine.applied < status.commit)) return false;
    for (const { id, raft } of members) this.#kept.settled(id, raft.status().commit);
    return true;
  }

  describe(): string {
    const members = [...this.#members.values()].map(({ alive, raft }) => {
      const progress = raft.status().progress.map((each) => `\n    ${JSON.stringify(each)}`);
      return `${alive ? '' : '(dead) '}${raft.describe()}${progress.join('')}`;
    });
    return [JSON.stringify(this.#rates), ...members].join('\n');
  }
}
