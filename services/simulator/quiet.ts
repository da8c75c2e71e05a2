import { noNode } from '#shared/raft';
import type { Life, SimMember } from './cluster/member.ts';
import type { Switchboard } from './cluster/transport.ts';
import type { Plan } from './plan/plan.ts';
import type { RecoveryWorld } from './recovery.ts';

/** More than one: with several under way, a member waits for what else comes in a turn before it acts. */
const writesAtOnce = 2;

type Timing = Pick<Plan, 'electionMs' | 'syncMs'>;

interface Follower {
  readonly member: SimMember;
  readonly life: Life;
}

/**
 * Where nothing is wrong but that one connection breaks, once, nobody waits for long, and nobody takes
 * the leader for lost whose own connection to it is whole.
 */
export class Quiet {
  readonly #world: RecoveryWorld;
  readonly #board: Switchboard;
  readonly #withinMs: number;

  constructor(world: RecoveryWorld, board: Switchboard, { electionMs, syncMs }: Timing) {
    this.#world = world;
    this.#board = board;
    this.#withinMs = 500 + 3 * electionMs + 20 * syncMs[1];
  }

  /** Takes simulated time. Returns what is wrong, in words; empty: nothing. */
  run(bug: (thrown: unknown) => void): string {
    for (const { member } of this.#followers()) {
      const wrong =
        this.#forgets(member) ||
        this.#keepsWaiting(member, 'at once', bug) ||
        this.#keepsWaiting(member, 'with the next word', bug);
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

  /** Its connection to the leader breaks when proposals are on their way; when it learns of that is `noticed`. */
  #keepsWaiting(
    member: SimMember,
    noticed: 'at once' | 'with the next word',
    bug: (thrown: unknown) => void,
  ): string {
    const { scheduler, process, cluster, client } = this.#world;
    const holds = this.#asItIs(member);
    const leader = cluster.leader();
    if (!holds || !leader) return '';
    this.#board.atNextProposal((from) => {
      if (from !== member.name) return;
      this.#board.atNextProposal(undefined);
      const transport = member.life?.transport;
      if (noticed === 'with the next word') transport?.breakUnnoticed(leader.name);
      else scheduler.soon(process, () => transport?.dropConnections(leader.name));
    });
    const sinceMs = scheduler.now;
    const writes = { unanswered: writesAtOnce };
    for (let i = 0; i < writesAtOnce; i++) {
      client.write(cluster.members.indexOf(member)).then(() => {
        writes.unanswered--;
      }, bug);
    }
    const untilMs = sinceMs + this.#withinMs;
    while (writes.unanswered > 0 && scheduler.now < untilMs && !scheduler.stopped) {
      scheduler.run(scheduler.now + 10);
    }
    this.#board.atNextProposal(undefined);
    const { unanswered } = writes;
    if (unanswered === 0 || scheduler.stopped || !holds()) return '';
    return `${member.name} has not answered ${unanswered} of ${writesAtOnce} writes for ${Math.round(scheduler.now - sinceMs)} ms; its connection to ${leader.name}, which leads, broke once`;
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
