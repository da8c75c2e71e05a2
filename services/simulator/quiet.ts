import { noNode } from '#shared/raft';
import type { Life, SimMember } from './cluster/member.ts';
import type { MemberBoard } from './cluster/transport.ts';
import type { Plan } from './plan/plan.ts';
import type { RecoveryWorld } from './recovery.ts';

/** More than one: with several under way, a member waits for what else comes in a turn before it acts. */
const writesAtOnce = 2;
/** So long a slow disk takes for a write, about: longer than the network takes for anything. */
const slowMs = 50;

type Timing = Pick<Plan, 'electionMs' | 'syncMs'>;
type Bug = (thrown: unknown) => void;

/** What becomes of a follower's proposal, and of its connection to the leader. */
type Trouble = 'breaks at once' | 'breaks with the next word' | 'loses the first of two';

interface Follower {
  readonly member: SimMember;
  readonly life: Life;
}

/**
 * Where nothing is wrong but one small thing (a connection breaks, a message is lost, a disk is slow), nobody
 * waits for long, and nobody takes the leader for lost whose own connection to it is whole.
 */
export class Quiet {
  readonly #world: RecoveryWorld;
  readonly #board: MemberBoard;
  readonly #withinMs: number;
  readonly #syncMs: Plan['syncMs'];

  constructor(world: RecoveryWorld, board: MemberBoard, { electionMs, syncMs }: Timing) {
    this.#world = world;
    this.#board = board;
    this.#syncMs = syncMs;
    this.#withinMs = 500 + 3 * electionMs + 20 * syncMs[1];
  }

  /** Takes simulated time. Returns what is wrong, in words; empty: nothing. */
  run(bug: Bug): string {
    for (const { member } of this.#followers()) {
      const wrong =
        this.#forgets(member) ||
        this.#writes(member, 'breaks at once', bug) ||
        this.#writes(member, 'breaks with the next word', bug) ||
        this.#writes(member, 'loses the first of two', bug);
      if (wrong !== '') return wrong;
    }
    return '';
  }

  /** Once nobody else asks for anything: whoever waits for more than what they need waits in vain. */
  alone(bug: Bug): string {
    const { scheduler } = this.#world;
    scheduler.run(scheduler.now + this.#withinMs);
    for (const { member } of this.#followers()) {
      const wrong = this.#reads(member, bug) || this.#hearsOfTheLast(member, bug);
      if (wrong !== '') return wrong;
    }
    return '';
  }

  /** Those that serve, as the leader has it. */
  #followers(): Follower[] {
    const { cluster } = this.#world;
    const leader = cluster.leader();
    const voters = leader?.life?.dir.backend.applied.confState.voters ?? [];
    return cluster.members.flatMap((member) => {
      const { life } = member;
      const serves = life && voters.includes(life.host.serving.memberId) && member !== leader;
      return serves ? [{ member, life }] : [];
    });
  }

  /** Its connection to somebody breaks who does not lead. */
  #forgets(member: SimMember): string {
    const { scheduler } = this.#world;
    const holds = this.#asItIs(member);
    const other = this.#followers().find((each) => each.member !== member);
    const { life } = member;
    if (!holds || !other || !life || life.host.node.leader === noNode) return '';
    life.transport.dropConnections(other.member.name);
    scheduler.run(scheduler.now + 0.1);
    if (!holds() || life.host.node.leader !== noNode) return '';
    return `${member.name} takes the leader for lost, and only its connection to ${other.member.name} broke`;
  }

  /** Proposals are on their way when there is trouble. */
  #writes(member: SimMember, trouble: Trouble, bug: Bug): string {
    const { scheduler, process, cluster, client } = this.#world;
    const holds = this.#asItIs(member);
    const leader = cluster.leader();
    if (!holds || !leader) return '';
    this.#board.atNextProposal((from, count) => {
      if (from !== member.name) return true;
      // Nobody would miss one that no other one overtakes.
      if (trouble === 'loses the first of two' && count > 1) return true;
      this.#board.atNextProposal(undefined);
      const transport = member.life?.transport;
      if (trouble === 'breaks with the next word') transport?.breakUnnoticed(leader.name);
      else if (trouble === 'breaks at once')
        scheduler.soon(process, () => transport?.dropConnections(leader.name));
      return trouble !== 'loses the first of two';
    });
    const at = cluster.members.indexOf(member);
    const writes = Array.from({ length: writesAtOnce }, () => client.write(at));
    const left = this.#unanswered(writes, this.#withinMs, bug);
    this.#board.atNextProposal(undefined);
    if (left === 0 || !holds()) return '';
    return `${member.name} has not answered ${left} of ${writesAtOnce} writes for ${this.#withinMs} ms; its connection to ${leader.name}, which leads, ${trouble}`;
  }

  /** It is asked what was written elsewhere just now, a lease too, and its disk is slow; nobody writes more. */
  #reads(member: SimMember, bug: Bug): string {
    const { cluster, client } = this.#world;
    const holds = this.#asItIs(member);
    const leader = cluster.leader();
    if (!holds || !leader) return '';
    const [least, most] = this.#syncMs;
    member.machine.slowness = Math.max(1, slowMs / least);
    const withinMs = this.#withinMs + 8 * most * member.machine.slowness;
    const [to, at] = [leader, member].map((each) => cluster.members.indexOf(each));
    const read = client
      .write(to ?? 0)
      .then(() => client.read(at ?? 0))
      .then(() => client.holdLease(to ?? 0, at ?? 0));
    const left = this.#unanswered([read], withinMs, bug);
    member.machine.slowness = 1;
    if (left === 0 || !holds()) return '';
    return `${member.name} has not answered a read for ${withinMs} ms; nothing is wrong but its disk, which takes ${slowMs} ms or more for a write`;
  }

  /** Nothing of what is written last reaches it, for a while, and nothing is written after that. */
  #hearsOfTheLast(member: SimMember, bug: Bug): string {
    const { scheduler, cluster, client } = this.#world;
    const holds = this.#asItIs(member);
    const leader = cluster.leader();
    const [id, leading] = [member.life?.host.serving.memberId, leader?.life];
    if (!holds || !leader || !leading) return '';
    let sinceMs = Infinity;
    this.#board.loses(({ type, to }) => {
      if (type !== 'append' || to !== id) return false;
      sinceMs = Math.min(sinceMs, scheduler.now);
      return scheduler.now < sinceMs + slowMs;
    });
    const appliedBy = (life: SimMember['life']): number => life?.dir.backend.applied.index ?? 0;
    // The leader may add to its log by itself at any time.
    let due = 0;
    const written = (): void => {
      due = appliedBy(leading);
    };
    client.write(cluster.members.indexOf(leader)).then(written, bug);
    scheduler.run(scheduler.now + this.#withinMs);
    this.#board.loses(undefined);
    const has = appliedBy(member.life);
    if (!holds() || has >= due) return '';
    return `${member.name} has applied ${has} of ${due} after ${this.#withinMs} ms: it did not get the last entry, which nothing follows`;
  }

  /** How many are not answered, when they all are or that time is over. */
  #unanswered(asked: readonly Promise<unknown>[], withinMs: number, bug: Bug): number {
    const { scheduler } = this.#world;
    const untilMs = scheduler.now + withinMs;
    const waiting = new Set(asked);
    for (const each of asked) each.then(() => waiting.delete(each), bug);
    while (waiting.size > 0 && scheduler.now < untilMs && !scheduler.stopped) {
      scheduler.run(scheduler.now + 10);
    }
    return scheduler.stopped ? 0 : waiting.size;
  }

  /** Tells whether all is as it is now: both are in the same life, and in one term. */
  #asItIs(member: SimMember): (() => boolean) | undefined {
    const { cluster } = this.#world;
    const leader = cluster.leader();
    const [own, leading] = [member.life, leader?.life];
    if (!own || !leading) return undefined;
    const { term } = leading.host.node;
    return () =>
      member.life === own &&
      leader?.life === leading &&
      cluster.leader() === leader &&
      leading.host.node.term === term &&
      own.host.node.term === term;
  }
}
