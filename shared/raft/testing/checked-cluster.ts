import { must, type Rng } from '#shared/base';
import {
  CommittedKept,
  ElectionSafety,
  LeaderCompleteness,
  LinearizableReads,
  LogMatching,
  StateMachineSafety,
} from '#shared/checks';
import { allMembers, describeConf } from '../conf-change.ts';
import type { ConfState, Message, NodeId } from '../types.ts';
import { Member, noConf, type RaftOptions } from './member.ts';
import { drawConfChange } from './random-conf-change.ts';

export const memberIds: readonly NodeId[] = [1, 2, 3, 4, 5, 6];
const sentKept = 300;

/** How unreliable the network is by itself: chances of each message. */
interface Weather {
  readonly drop: number;
  readonly duplicate: number;
}

/**
 * Members, a network and disks that can fail, and a check of every promise at each event. What happens
 * when is up to who drives it; which member or message is meant by `any` is drawn.
 */
export class CheckedCluster {
  readonly rng: Rng;
  readonly members: ReadonlyMap<NodeId, Member>;
  weather: Weather;
  #network: Message[] = [];
  /** The newest messages, for late repetition. */
  readonly #sent: Message[] = [];
  readonly #cut = new Set<string>();
  #counter = 0;
  readonly #elections = new ElectionSafety();
  readonly #matching = new LogMatching();
  readonly #completeness = new LeaderCompleteness();
  readonly #machines = new StateMachineSafety();
  readonly #reads = new LinearizableReads();
  readonly kept = new CommittedKept();

  constructor(
    rng: Rng,
    { voters, learners }: Pick<ConfState, 'voters' | 'learners'>,
    options: Omit<RaftOptions, 'rng'>,
    weather: Weather,
  ) {
    this.rng = rng;
    this.weather = weather;
    const first = { ...noConf, voters, learners };
    const conf = (id: NodeId): ConfState => (allMembers(first).includes(id) ? first : noConf);
    const member = (id: NodeId): Member => new Member(id, conf(id), { ...options, rng });
    this.members = new Map(memberIds.map((id) => [id, member(id)]));
  }

  anyId(): NodeId {
    return must(memberIds[this.rng.int(memberIds.length)], 'an id');
  }

  member(id: NodeId): Member {
    return must(this.members.get(id), 'a member');
  }

  any(event: (member: Member) => void): void {
    const member = this.member(this.anyId());
    if (member.alive) event(member);
  }

  anyLeader(event: (leader: Member) => void): void {
    const leaders = this.leaders();
    const leader = leaders[this.rng.int(leaders.length)];
    if (leader !== undefined) event(leader);
  }

  leaders(): Member[] {
    return [...this.members.values()].filter(
      ({ alive, raft }) => alive && raft.status().role === 'leader',
    );
  }

  takeReady(member: Member): void {
    if (this.rng.int(4) === 0) member.raft.announceCommit(member.raft.untoldCommit);
    if (!member.raft.hasReady()) return;
    const ready = member.takeReady();
    const { id, raft, disk } = member;
    const { term } = raft;
    if (ready.softState?.role === 'leader') {
      this.#elections.leads(id, term);
      // Whoever is elected has its vote on disk, and so all of its log from before.
      this.#completeness.elected(id, term, disk.compactedIndex(), (at) => disk.term(at) ?? 0);
    }
    for (const entry of ready.committed) {
      this.kept.committed(id, entry.index, entry.term);
      this.#completeness.committed(entry.index, entry.term, term);
    }
    for (const { context, index } of ready.readStates) this.#reads.answered(context, index);
    this.#send(ready.messages);
  }

  finishWrite(member: Member): void {
    if (member.writesWaiting === 0) return;
    this.#send(member.finishWrite());
    this.#checkMachine(member);
    for (const entry of member.written) {
      this.#matching.holds(entry, must(member.disk.term(entry.index - 1), 'the term before'));
    }
  }

  applyOne(member: Member): void {
    if (member.appliesWaiting === 0) return;
    member.applyOne();
    this.#checkMachine(member);
  }

  #checkMachine({ id, machine: { applied, hash, conf } }: Member): void {
    this.#machines.reached(id, applied, `${hash} ${describeConf(conf)}`);
  }

  propose(member: Member): void {
    this.#counter += 1;
    member.raft.propose(Uint8Array.of(this.#counter & 255, this.#counter >> 8));
  }

  read(member: Member): void {
    this.#counter += 1;
    this.#reads.asked(this.#counter, this.kept.last);
    member.raft.readIndex(this.#counter);
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      if (this.#sent.push(message) > sentKept) this.#sent.shift();
      if (this.rng.next() < this.weather.drop) this.lose(message);
      else this.#network.push(message);
      if (this.rng.next() < this.weather.duplicate) this.#network.push(message);
    }
  }

  lose(message: Message): void {
    const sender = this.member(message.from);
    if (!sender.alive) return;
    if (message.type === 'snapshot') sender.raft.reportSnapshot(message.to, false);
    else if (this.rng.int(4) === 0) sender.raft.reportUnreachable(message.to);
  }

  /** Mostly an old message, sometimes any. */
  deliverAny(): void {
    if (this.#network.length === 0) return;
    const reach = this.rng.int(4) === 0 ? this.#network.length : Math.min(4, this.#network.length);
    const [message] = this.#network.splice(this.rng.int(reach), 1);
    this.deliver(must(message, 'a message'));
  }

  deliver(message: Message): void {
    const receiver = this.member(message.to);
    if (!receiver.alive || this.#cut.has(`${message.from}>${message.to}`)) {
      this.lose(message);
      return;
    }
    receiver.raft.step(message);
    const sender = this.member(message.from);
    if (message.type === 'snapshot' && sender.alive) sender.raft.reportSnapshot(message.to, true);
  }

  /** A connection drops, truly or only as one side sees it. */
  disconnect(at: NodeId, from: NodeId): void {
    if (at !== from && this.member(at).alive) this.member(at).raft.peerDisconnected(from);
  }

  replay(): void {
    const message = this.#sent[this.rng.int(this.#sent.length)];
    if (message !== undefined) this.deliver(message);
  }

  partition(inside: (id: NodeId) => boolean): void {
    const side = new Set(memberIds.filter(inside));
    const oneWay = this.rng.int(4) === 0;
    for (const from of memberIds) {
      for (const to of memberIds) {
        if (side.has(from) !== side.has(to) && (!oneWay || side.has(from))) {
          this.#cut.add(`${from}>${to}`);
        }
      }
    }
  }

  /** Old and new majority lose sight of each other; those in both stay with the leader or do not. */
  partitionConf({ id: leader, raft }: Member): void {
    const { voters, votersOutgoing } = raft.status().confState;
    const stray = this.rng.int(4);
    this.partition((id) => {
      if (id === leader) return true;
      if (voters.includes(id) && votersOutgoing.includes(id))
        return stray > 0 && this.rng.int(2) === 0;
      return voters.includes(id) === stray > 0;
    });
  }

  crashUnsynced(member: Member): void {
    this.takeReady(member);
    this.crash(member);
    if (this.rng.int(2) === 0) member.restart();
  }

  crash(member: Member): void {
    member.crash(this.rng.int(2) === 0);
    if (this.rng.int(2) > 0) return;
    for (const id of memberIds) this.disconnect(id, member.id);
  }

  connectAll(): void {
    this.#cut.clear();
  }

  proposeConfChange({ raft, machine }: Member): void {
    raft.proposeConfChange(drawConfChange(this.rng, machine.conf, memberIds));
  }

  /** One after the other takes, writes and applies all it has; then all that was sent is delivered. */
  turn(): boolean {
    for (const member of this.members.values()) {
      this.takeReady(member);
      while (member.writesWaiting > 0) this.finishWrite(member);
      while (member.appliesWaiting > 0) this.applyOne(member);
    }
    const messages = this.takeMessages();
    for (const message of messages) this.deliver(message);
    return messages.length > 0;
  }

  /** All messages under way, to be delivered, kept or lost. */
  takeMessages(): readonly Message[] {
    const messages = this.#network;
    this.#network = [];
    return messages;
  }

  postpone(message: Message): void {
    this.#network.push(message);
  }

  describe(): string {
    const members = [...this.members.values()].map(({ alive, raft }) => {
      const progress = raft.status().progress.map((each) => `\n    ${JSON.stringify(each)}`);
      return `${alive ? '' : '(dead) '}${raft.describe()}${progress.join('')}`;
    });
    return members.join('\n');
  }
}
