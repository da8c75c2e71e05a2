import { assert, createRng, must, type Rng } from '#shared/base';
import { allMembers, describeConf } from '../conf-change.ts';
import type { ConfState, Message, NodeId } from '../types.ts';
import { CommittedKept } from './checkers/committed-kept.ts';
import { ElectionSafety } from './checkers/election-safety.ts';
import { LeaderCompleteness } from './checkers/leader-completeness.ts';
import { LinearizableReads } from './checkers/linearizable-reads.ts';
import { LogMatching } from './checkers/log-matching.ts';
import { StateMachineSafety } from './checkers/state-machine-safety.ts';
import { Violation } from './checkers/violation.ts';
import { Member, noConf } from './member.ts';
import { drawConfChange } from './random-conf-change.ts';
import { drawRates, type Rates } from './random-rates.ts';

const memberIds: readonly NodeId[] = [1, 2, 3, 4, 5, 6];
const stepsInStorm = 1500;
const roundsToHeal = 600;
const sentKept = 300;

/** A cluster on a lossy network, driven by one seed and checked after every step. */
export class RandomCluster {
  readonly #rng: Rng;
  #rates: Rates;
  readonly #members: ReadonlyMap<NodeId, Member>;
  #network: Message[] = [];
  /** The newest messages, for late repetition. */
  readonly #sent: Message[] = [];
  /** They apply what is committed only now and then. */
  #lazy = new Set<NodeId>();
  readonly #cut = new Set<string>();
  #counter = 0;
  readonly #elections = new ElectionSafety();
  readonly #matching = new LogMatching();
  readonly #completeness = new LeaderCompleteness();
  readonly #kept = new CommittedKept();
  readonly #machines = new StateMachineSafety();
  readonly #reads = new LinearizableReads();
  constructor(seed: number) {
    const rng = createRng(seed);
    this.#rng = rng;
    this.#rates = drawRates(rng);
    const voters = memberIds.slice(0, 1 + rng.int(5));
    const learners = memberIds.slice(voters.length, voters.length + rng.int(2));
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
    const first = { ...noConf, voters, learners };
    const conf = (id: NodeId): ConfState => (allMembers(first).includes(id) ? first : noConf);
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
    this.#often(rates.apply, () =>
      this.#any((member) => {
        if (!this.#lazy.has(member.id) || this.#rng.int(30) === 0) this.#applyOne(member);
      }),
    );
    this.#often(rates.propose, () => this.#any((member) => this.#propose(member)));
    this.#often(rates.read, () => this.#any((member) => this.#read(member)));
    this.#often(rates.persist, () => this.#any((member) => member.persistMachine()));
    this.#often(rates.compact, () => this.#any((member) => member.compact(this.#rng.int(5))));
    this.#often(rates.transfer, () =>
      this.#any((member) => void member.raft.transferLeadership(this.#anyId())),
    );
    this.#often(rates.disconnect, () => this.#disconnect(this.#anyId(), this.#anyId()));
    this.#often(rates.confChange, () =>
      this.#any(({ raft, machine }) => {
        raft.proposeConfChange(drawConfChange(this.#rng, machine.conf, memberIds));
      }),
    );
    this.#often(rates.contest, () => {
      for (let standing = 2 + this.#rng.int(2); standing > 0; standing -= 1) {
        this.#any((member) => member.raft.campaign());
      }
    });
    this.#often(rates.laziness, () => {
      this.#lazy = new Set(memberIds.filter(() => this.#rng.int(3) === 0));
    });
    this.#often(rates.replay, () => this.#replay());
    this.#stormFaults(rates);
  }

  #stormFaults(rates: Rates): void {
    this.#often(rates.partition, () => this.#partition(() => this.#rng.int(2) === 0));
    this.#often(rates.partitionConf, () =>
      this.#anyLeader((leader) => this.#partitionConf(leader)),
    );
    this.#often(rates.isolateLeader, () =>
      this.#anyLeader(({ id }) => {
        const friend = this.#anyId();
        this.#partition((each) => each === id || each === friend);
      }),
    );
    this.#often(rates.heal, () => this.#cut.clear());
    this.#often(rates.crash, () => this.#any((member) => this.#crash(member)));
    this.#often(rates.crashUnsynced, () => this.#any((member) => this.#crashUnsynced(member)));
    this.#often(rates.crashLeader, () => this.#anyLeader((leader) => this.#crash(leader)));
    this.#often(rates.restart, () => {
      const member = this.#member(this.#anyId());
      if (!member.alive) member.restart();
    });
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

  #anyLeader(event: (leader: Member) => void): void {
    const leaders = this.#leaders();
    const leader = leaders[this.#rng.int(leaders.length)];
    if (leader !== undefined) event(leader);
  }

  #leaders(): Member[] {
    return [...this.#members.values()].filter(
      ({ alive, raft }) => alive && raft.status().role === 'leader',
    );
  }

  #takeReady(member: Member): void {
    if (!member.raft.hasReady()) return;
    const ready = member.takeReady();
    const { id, raft, disk } = member;
    const { term } = raft.status();
    if (ready.softState?.role === 'leader') {
      this.#elections.leads(id, term);
      // Whoever is elected has its vote on disk, and so all of its log from before.
      this.#completeness.elected(id, term, disk.compactedIndex(), (at) => disk.term(at) ?? 0);
    }
    for (const entry of ready.committed) {
      this.#kept.committed(id, entry.index, entry.term);
      this.#completeness.committed(entry.index, entry.term, term);
    }
    for (const { context, index } of ready.readStates) this.#reads.answered(context, index);
    this.#send(ready.messages);
  }

  #finishWrite(member: Member): void {
    if (member.writesWaiting === 0) return;
    this.#send(member.finishWrite());
    this.#checkMachine(member);
    for (const entry of member.written) {
      this.#matching.holds(entry, must(member.disk.term(entry.index - 1), 'the term before'));
    }
  }

  #applyOne(member: Member): void {
    if (member.appliesWaiting === 0) return;
    member.applyOne();
    this.#checkMachine(member);
  }

  #checkMachine({ id, machine: { applied, hash, conf } }: Member): void {
    this.#machines.reached(id, applied, `${hash} ${describeConf(conf)}`);
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
      if (this.#sent.push(message) > sentKept) this.#sent.shift();
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

  #replay(): void {
    const message = this.#sent[this.#rng.int(this.#sent.length)];
    if (message !== undefined) this.#deliver(message);
  }

  #partition(inside: (id: NodeId) => boolean): void {
    const side = new Set(memberIds.filter(inside));
    const oneWay = this.#rng.int(4) === 0;
    for (const from of memberIds) {
      for (const to of memberIds) {
        if (side.has(from) !== side.has(to) && (!oneWay || side.has(from))) {
          this.#cut.add(`${from}>${to}`);
        }
      }
    }
  }

  /** Old and new majority lose sight of each other; those in both stay with the leader or do not. */
  #partitionConf({ id: leader, raft }: Member): void {
    const { voters, votersOutgoing } = raft.status().confState;
    const stray = this.#rng.int(4);
    this.#partition((id) => {
      if (id === leader) return true;
      if (voters.includes(id) && votersOutgoing.includes(id))
        return stray > 0 && this.#rng.int(2) === 0;
      return voters.includes(id) === stray > 0;
    });
  }

  #crashUnsynced(member: Member): void {
    this.#takeReady(member);
    this.#crash(member);
    if (this.#rng.int(2) === 0) member.restart();
  }

  #crash(member: Member): void {
    member.crash(this.#rng.int(2) === 0);
    if (this.#rng.int(2) > 0) return;
    for (const id of memberIds) this.#disconnect(id, member.id);
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
    const leaders = this.#leaders();
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
