import { assertNever, QuorateError } from '#shared/base';
import type { Fault } from '../plan/plan.ts';
import type { Network } from '../world/network.ts';
import type { SimProcess } from '../world/process.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { SimCluster } from './cluster.ts';
import { Cuts } from './cuts.ts';
import type { SimMember } from './member.ts';

export interface FaultWorld {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly cluster: SimCluster;
  readonly process: SimProcess;
  readonly log: (text: string) => void;
  /** A fault went wrong in a way that no fault may. */
  readonly bug: (thrown: unknown) => void;
}

/** Nobody is waited for any longer. */
const lostElectionMs = 4000;

/** Does to the cluster what the plan says. */
export class FaultPlane {
  readonly #world: FaultWorld;
  readonly #cuts: Cuts;
  #over = false;

  constructor(world: FaultWorld) {
    this.#world = world;
    this.#cuts = new Cuts(world.network, world.cluster);
  }

  schedule(faults: readonly Fault[]): void {
    const { scheduler, process } = this.#world;
    for (const fault of faults) scheduler.at(process, fault.atMs, () => this.#begin(fault));
  }

  /** Everything is mended, everybody who can starts again. */
  heal(weather: Network['weather']): void {
    this.#over = true;
    const { network, cluster } = this.#world;
    network.mendAll();
    network.weather = weather;
    for (const member of cluster.all) {
      const { machine } = member;
      machine.slowness = 1;
      machine.full = false;
      machine.inNextWrite = undefined;
      member.life?.transport.endAfter(Infinity, () => undefined);
      machine.time.run(1);
      machine.time.lookMs = 0;
      member.process?.resume();
      member.start();
    }
  }

  #begin(fault: Fault): void {
    if (this.#over) return;
    const { scheduler, log } = this.#world;
    scheduler.trace(fault.atMs);
    log(JSON.stringify(fault));
    const end = this.#apply(fault);
    if (end && 'forMs' in fault) this.#after(fault.forMs, end);
  }

  #after(ms: number, fn: () => void): void {
    const { scheduler, process } = this.#world;
    scheduler.at(process, scheduler.now + ms, () => {
      if (!this.#over) fn();
    });
  }

  /** Returns how to take it back. */
  #apply(fault: Fault): (() => void) | undefined {
    const { cluster, network } = this.#world;
    const member = 'target' in fault ? cluster.target(fault.target) : undefined;
    switch (fault.kind) {
      case 'kill':
      case 'power':
        return member && this.#crash([member], fault.kind === 'power');
      case 'kill-all':
      case 'power-all':
        return this.#crash(cluster.members, fault.kind === 'power-all');
      case 'die-writing':
        return member && this.#dieWriting(member, fault.power, fault.forMs);
      case 'die-installing':
        return member && this.#dieInstalling(member, fault.power, fault.forMs);
      case 'die-sending':
        return member && this.#dieSending(member, fault.messages, fault.forMs);
      case 'pause':
        return member && this.#pause(member);
      case 'isolate':
        return member && this.#cuts.isolate(member.name, fault.direction);
      case 'cut-at-entry':
        member?.life?.transport.atNextEntry(() => {
          if (!this.#over) this.#after(fault.forMs, this.#cuts.isolate(member.name, 'both'));
        });
        return undefined;
      case 'hears-late':
        return member && this.#cuts.hearsLate(member.name, fault.byMs);
      case 'partition':
        return this.#cuts.part(fault.sides, fault.oneWay);
      case 'part-newest':
        return this.#cuts.partNewest(fault.newest);
      case 'lost-election':
        if (member) this.#lostElection(member, fault.forMs);
        return undefined;
      case 'add-at-election':
        this.#addAtElection(fault.newest, fault.forMs);
        return undefined;
      case 'snapshots':
        network.snapshots = fault.how;
        return () => {
          network.snapshots = undefined;
        };
      case 'part-at-change':
        cluster.leader()?.life?.transport.atPeersChange(1, () => {
          if (!this.#over) this.#after(fault.forMs, this.#cuts.partNewest(fault.newest));
        });
        return undefined;
      case 'weather': {
        const { weather } = network;
        network.weather = fault.weather;
        return () => {
          network.weather = weather;
        };
      }
      case 'black-hole':
        network.blackHoles++;
        return () => {
          network.blackHoles--;
        };
      case 'reset':
        member?.life?.transport.dropConnections(
          fault.to === undefined ? undefined : (cluster.target(fault.to)?.name ?? ''),
        );
        return undefined;
      case 'transfer':
        this.#transfer(member);
        return undefined;
      case 'add':
        for (let i = 0; i < (fault.count ?? 1); i++) this.#change(cluster.add(fault.learner));
        return undefined;
      case 'promote':
        return this.#change(cluster.promote());
      case 'remove':
        return this.#change(cluster.remove(fault.target));
      case 'slow-disk':
      case 'full-disk':
      case 'bit-rot':
      case 'slow-process':
      case 'jump':
      case 'drift':
        return member && this.#onMachine(fault, member);
      default:
        return assertNever(fault, 'fault');
    }
  }

  #onMachine(
    fault: Extract<
      Fault,
      { kind: 'slow-disk' | 'full-disk' | 'bit-rot' | 'slow-process' | 'jump' | 'drift' }
    >,
    member: SimMember,
  ): (() => void) | undefined {
    const { machine } = member;
    switch (fault.kind) {
      case 'slow-disk':
        machine.slowness = fault.factor;
        return () => {
          machine.slowness = 1;
        };
      case 'full-disk':
        machine.full = true;
        return () => {
          machine.full = false;
          member.start();
        };
      case 'bit-rot':
        return this.#rot(member);
      case 'slow-process':
        machine.time.lookMs = fault.lookMs;
        return () => {
          machine.time.lookMs = 0;
        };
      case 'jump':
        machine.time.jump(fault.byMs);
        return undefined;
      case 'drift':
        machine.time.run(fault.rate);
        return () => machine.time.run(1);
      default:
        return assertNever(fault, 'fault');
    }
  }

  #crash(members: readonly SimMember[], power: boolean): () => void {
    for (const member of members) member.crash(power);
    return () => {
      for (const member of members) member.start();
    };
  }

  #dieWriting(member: SimMember, power: boolean, downMs: number): undefined {
    member.machine.inNextWrite = () => this.#dieSoon(member, power, downMs);
  }

  /** With the log write under way that makes it count, or right behind that. */
  #dieInstalling(member: SimMember, power: boolean, downMs: number): undefined {
    const { dir } = member.life ?? {};
    if (!dir) return;
    const install = dir.install.bind(dir);
    dir.install = (staged, hardState) => {
      dir.install = install;
      if (!this.#over) this.#dieWriting(member, power, downMs);
      return install(staged, hardState);
    };
  }

  #dieSending(member: SimMember, messages: number, downMs: number): undefined {
    member.life?.transport.endAfter(messages, () => this.#dieSoon(member, true, downMs));
  }

  /** Not from within its own turn: the process that dies is the one that runs. */
  #dieSoon(member: SimMember, power: boolean, downMs: number): void {
    const { scheduler, process } = this.#world;
    const life = member.process;
    scheduler.soon(process, () => {
      if (this.#over || member.process !== life) return;
      member.crash(power);
      this.#after(downMs, () => member.start());
    });
  }

  #pause(member: SimMember): () => void {
    const { process } = member;
    process?.pause();
    return () => process?.resume();
  }

  /** Everybody else keeps a quorum: one that lies about the past can be spared. */
  #rot(member: SimMember): (() => void) | undefined {
    if (this.#world.cluster.members.length < 3) return undefined;
    member.crash(true);
    member.machine.rot();
    return () => member.start();
  }

  /**
   * The leader is not heard; the first that then asks for real votes is not heard either, while the
   * leader is again: one member is ahead of a leader that the others follow.
   */
  #lostElection(member: SimMember, forMs: number): void {
    const { board } = this.#world.cluster;
    let mend: (() => void) | undefined = this.#cuts.isolate(member.name, 'out');
    const end = (): void => {
      mend?.();
      mend = undefined;
      board.atNextVote(undefined);
    };
    board.atNextVote((candidate) => {
      end();
      this.#after(forMs, this.#cuts.isolate(candidate, 'out'));
    });
    this.#after(lostElectionMs, end);
  }

  /** Whoever is elected next is asked for a member at once; when it takes that into use, it is cut off. */
  #addAtElection(newest: number, forMs: number): void {
    const { cluster, scheduler, process } = this.#world;
    const before = cluster.leader()?.life?.process;
    const untilMs = scheduler.now + lostElectionMs;
    const look = (): void => {
      if (this.#over || scheduler.now > untilMs) return;
      const { life } = cluster.leader() ?? {};
      if (!life || life.process === before) {
        scheduler.at(process, scheduler.now + 1, look);
        return;
      }
      // The change of its predecessor, and its own.
      life.transport.atPeersChange(2, () => {
        if (!this.#over) this.#after(forMs, this.#cuts.partNewest(newest));
      });
      this.#change(cluster.add(false));
    };
    look();
  }

  handOver(to: SimMember): void {
    this.#transfer(to);
  }

  #transfer(member: SimMember | undefined): void {
    const host = this.#world.cluster.leader()?.life?.host;
    const id = member?.life?.host.serving.memberId;
    if (host && id !== undefined) host.node.transferLeadership(id);
  }

  #change(change: Promise<void>): undefined {
    change.catch((thrown: unknown) => {
      if (!QuorateError.is(thrown)) this.#world.bug(thrown);
    });
  }
}
