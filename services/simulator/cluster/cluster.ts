import { must, QuorateError, type Rng } from '#shared/base';
import type { ClusterView } from '#services/store';
import type { Plan, Target } from '../plan/plan.ts';
import { Machine } from '../world/machine.ts';
import type { Network } from '../world/network.ts';
import { SimProcess } from '../world/process.ts';
import type { Scheduler } from '../world/scheduler.ts';
import { type Life, type MemberEvents, type MemberWorld, SimMember } from './member.ts';
import type { MemberBoard } from './transport.ts';

export interface ClusterParts {
  readonly plan: Plan;
  readonly rng: Rng;
  readonly scheduler: Scheduler;
  readonly newProcess: () => SimProcess;
  readonly network: Network;
  readonly board: MemberBoard;
  readonly events: MemberEvents;
  readonly log: MemberWorld['log'];
}

/** More members than that at a time are not added. */
const membersMax = 6;
const lookEveryMs = 20;
const lookForMs = 8000;
/** Whoever looks after the cluster never fails. */
const operator = new SimProcess(0);

/** All members there are and were, by the order of their coming. */
export class SimCluster {
  readonly #parts: ClusterParts;
  readonly #world: MemberWorld;
  readonly #members: SimMember[] = [];
  #added = 0;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    const { plan, rng, scheduler, newProcess, board, events, log } = parts;
    this.#world = {
      scheduler,
      newProcess,
      board,
      rng,
      settings: plan,
      events,
      log,
      ask: (from, name, process) => this.#ask(from, name, process),
    };
    const names = Array.from({ length: plan.members }, (_, i) => `m${i + 1}`);
    this.#added = names.length;
    for (const name of names) this.#create(name, names, 'new');
  }

  start(): void {
    for (const member of this.#members) member.start();
  }

  get board(): MemberBoard {
    return this.#parts.board;
  }

  get all(): readonly SimMember[] {
    return this.#members;
  }

  /** Those that may still take part. */
  get members(): readonly SimMember[] {
    return this.#members.filter(({ retired }) => !retired);
  }

  target(target: Target): SimMember | undefined {
    if (target === 'leader') return this.leader() ?? this.members[0];
    if (target === 'newest') return this.members.at(-1);
    return this.members[target % this.members.length];
  }

  /** Of those that believe it, the one in the newest term. */
  leader(): SimMember | undefined {
    const leaders = this.members.filter(({ life }) => life?.host.node.leads);
    return leaders.sort((a, b) => termOf(b) - termOf(a))[0];
  }

  /** A voter that does not lead, and that the others can do without. */
  heir(): SimMember | undefined {
    const leader = this.leader();
    const voters = leader?.life?.dir.backend.applied.confState.voters ?? [];
    const alive = this.members.filter(({ life }) =>
      voters.includes(life?.host.serving.memberId ?? 0),
    );
    if (alive.length - 1 <= voters.length / 2) return undefined;
    return alive.find((member) => member !== leader);
  }

  /** Names of the last `count` that were asked for, whether or not they run yet. */
  newest(count: number): string[] {
    const founders = this.#parts.plan.members;
    const first = Math.max(founders, this.#added - count);
    return Array.from({ length: this.#added - first }, (_, i) => `m${first + 1 + i}`);
  }

  /** Asks for a new member and starts it with an empty disk. */
  async add(learner: boolean): Promise<void> {
    const asked = this.leader()?.life;
    if (!asked || this.members.length >= membersMax) return;
    const name = `m${++this.#added}`;
    const dies = new Promise<void>((resolve) => asked.process.whenKilled(resolve));
    const adding = asked.host.membership
      .add([`http://${name}:2380`], learner)
      .catch((thrown: unknown) => {
        if (!QuorateError.is(thrown, 'unavailable', 'deadline-exceeded')) throw thrown;
      });
    // Its operator starts it as soon as it is in the list, and where nobody knows what became of it.
    await Promise.race([adding, dies, this.#listed(asked, name)]);
    const names = this.members.map((member) => member.name);
    this.#insist(this.#create(name, names, 'existing'));
  }

  /** As its operator would: until it runs, or was asked for in vain. */
  #insist(member: SimMember): void {
    const { scheduler } = this.#parts;
    const untilMs = scheduler.now + lookForMs;
    const again = (): void => {
      member.start();
      if (scheduler.now > untilMs || member.life) return;
      scheduler.at(operator, scheduler.now + 5 * lookEveryMs, again);
    };
    again();
  }

  #listed({ host, process }: Life, name: string): Promise<void> {
    const { scheduler } = this.#parts;
    const untilMs = scheduler.now + lookForMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if (memberOf(host, name)) resolve();
        else if (scheduler.now < untilMs) scheduler.at(process, scheduler.now + lookEveryMs, look);
      };
      look();
    });
  }

  async promote(): Promise<void> {
    const host = this.leader()?.life?.host;
    const learner = [...(host?.state.members.values() ?? [])].find((member) => member.learner);
    if (host && learner) await host.membership.promote(learner.id);
  }

  async remove(target: Target): Promise<void> {
    const host = this.leader()?.life?.host;
    const name = this.target(target)?.name;
    if (host && name !== undefined) await this.removeNamed(name);
  }

  async removeNamed(name: string): Promise<void> {
    const host = this.leader()?.life?.host;
    const known = host && memberOf(host, name);
    if (host && known) await host.membership.remove(known.id);
  }

  #create(name: string, founders: readonly string[], state: 'new' | 'existing'): SimMember {
    const { scheduler, rng, plan } = this.#parts;
    const machine = new Machine(name, scheduler, rng, plan.syncMs, plan.store?.logTail);
    const urls = Object.fromEntries(founders.map((each) => [each, [`http://${each}:2380`]]));
    const member = new SimMember(name, machine, this.#world, urls, state);
    this.#members.push(member);
    return member;
  }

  #ask(from: SimMember, name: string, process: SimProcess): Promise<ClusterView | undefined> {
    const { scheduler, network, board } = this.#parts;
    return new Promise((resolve) => {
      scheduler.at(process, scheduler.now + 100, () => resolve(undefined));
      const other = board.listening.get(name);
      if (!other?.handlers) return;
      const { handlers } = other;
      network.call(from.name, name, other.process, () => {
        const view = handlers.cluster();
        network.call(name, from.name, process, () => resolve(view));
      });
    });
  }
}

function memberOf({ state }: Life['host'], name: string) {
  return [...state.members.values()].find(({ peerUrls }) =>
    peerUrls.includes(`http://${name}:2380`),
  );
}

function termOf({ life }: SimMember): number {
  return must(life, 'a member that runs').host.node.term;
}
