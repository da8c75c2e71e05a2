import { createRng, must } from '#shared/base';
import type { Operation } from '#shared/checks';
import { systemClock } from '#shared/clock';
import { Observer } from './checks/observer.ts';
import { type Finding, Report } from './checks/report.ts';
import { judge, type MustHear } from './checks/verdict.ts';
import { SimClient } from './clients/client.ts';
import { LeaseBook } from './clients/leases.ts';
import { Recorder } from './clients/recorder.ts';
import { SimCluster } from './cluster/cluster.ts';
import { FaultPlane } from './cluster/faults.ts';
import { tokenSeconds } from './cluster/member.ts';
import { Switchboard } from './cluster/switchboard.ts';
import type { MemberBoard } from './cluster/transport.ts';
import { handOver } from './hand-over.ts';
import { inLine } from './in-line.ts';
import type { Plan } from './plan/plan.ts';
import { Quiet } from './quiet.ts';
import { Recovery, type RecoveryWorld } from './recovery.ts';
import { Space } from './space.ts';
import { succession } from './succession.ts';
import { Network } from './world/network.ts';
import { SimProcess } from './world/process.ts';
import { Scheduler } from './world/scheduler.ts';

/** Runs a simulation in a turn of the real event loop of its own. */
export function simulate(plan: Plan, options: SimulationOptions = {}): Promise<SimulationResult> {
  return new Promise((resolve) => {
    systemClock.soon(() => resolve(new Simulation(plan, options).run()));
  });
}

export interface SimulationOptions {
  /** What members and faults say, a line each. */
  readonly log?: (line: string) => void;
}

export interface SimulationResult {
  /** Of everything that happened; equal plans give equal hashes. */
  readonly hash: string;
  readonly finding: Finding | undefined;
  readonly simulatedMs: number;
  readonly steps: number;
  readonly requests: number;
  readonly answered: number;
  /** Terms that had a leader. */
  readonly terms: number;
  readonly revision: number;
}

const fair = { delayMs: [0.2, 1] as const, loss: 0, duplicate: 0, reorder: 0 };
/** After everything has healed: that long until all is well again. */
const recoveryMs = 30_000;
/** Then watches have so long to catch up, and this long to say how far they are. */
const hearOutMs = 5000;
const answerMs = 1000;
/** Nobody shows a token for as long: longer than any is good. */
const lateMs = 1500 * tokenSeconds;
/** So often somebody looks whether a watch has heard nothing, until it has been told so. */
const looks = 3;

/** One cluster under one plan. Runs to its end in one go, outside of any promise. */
export class Simulation {
  readonly #plan: Plan;
  readonly #scheduler = new Scheduler();
  readonly #process = new SimProcess(0);
  readonly #network: Network;
  readonly #report: Report;
  readonly #observer: Observer;
  readonly #board: MemberBoard;
  readonly #cluster: SimCluster;
  readonly #faults: FaultPlane;
  readonly #recorder: Recorder;
  readonly #leases = new LeaseBook();
  readonly #clients: SimClient[];
  #processes = 0;
  #mustHear: MustHear = {
    open: [],
    revision: 0,
    notified: { watches: [], sinceMs: 0 },
    asked: { watches: [], atMs: 0 },
  };

  constructor(plan: Plan, { log }: SimulationOptions = {}) {
    this.#plan = plan;
    const rng = createRng(plan.seed ^ 0x51_3a_7e_55);
    const scheduler = this.#scheduler;
    const now = (): number => scheduler.now;
    const say = (who: string, text: string, fields: object = {}): void =>
      log?.(`${now().toFixed(1).padStart(9)} ${who.padEnd(6)} ${text} ${brief(fields)}`);
    this.#network = new Network(scheduler, createRng(rng.int(2 ** 31)), plan.weather);
    this.#report = new Report(now, () => scheduler.stop());
    this.#observer = new Observer(this.#report, now, plan, { fewKeys: true });
    const board: MemberBoard = new Switchboard(scheduler, this.#network, {
      sent: (message) => {
        scheduler.trace(message.term * 31 + message.from + message.to);
        this.#observer.sends(message);
      },
      arrives: (message) => this.#observer.receives(message),
    });
    this.#board = board;
    this.#cluster = new SimCluster({
      plan,
      rng,
      scheduler,
      newProcess: () => new SimProcess(++this.#processes),
      network: this.#network,
      board,
      log: say,
      events: {
        born: (member, life) => {
          say(member.name, 'runs');
          this.#observer.born(member, life);
        },
        failed: (member, error) => say(member.name, `stopped: ${error.message}`),
        bug: (member, thrown) => this.#bug(member.name, thrown),
      },
    });
    const bug = (thrown: unknown): void => this.#bug('the cluster', thrown);
    this.#faults = new FaultPlane({
      scheduler,
      network: this.#network,
      cluster: this.#cluster,
      process: this.#process,
      log: (text) => say('fault', text),
      bug,
    });
    this.#recorder = new Recorder(now);
    const world = {
      scheduler,
      network: this.#network,
      process: this.#process,
      recorder: this.#recorder,
      leases: this.#leases,
      passwords: new Map<string, string>(),
      members: () => this.#cluster.members,
      unanswered: ({ client, endpoint, call }: Operation) =>
        this.#report.find(
          'liveness',
          'answers in time',
          `client ${client} at ${endpoint} was never answered: ${JSON.stringify(call)}`,
        ),
      bug: (member: string, thrown: unknown) => this.#bug(member, thrown),
    };
    const users = [...(plan.users ?? plan.clients.map(() => undefined)), 'trusted'];
    this.#clients = users.map((user, number) => new SimClient(number, world, user));
  }

  run(): SimulationResult {
    const { safetyMs, faults, clients } = this.#plan;
    this.#cluster.start();
    this.#faults.schedule(faults);
    for (const [i, steps] of clients.entries()) {
      this.#clients[i]?.run(steps).catch((thrown: unknown) => this.#bug(`client ${i}`, thrown));
    }
    this.#guarded(() => this.#scheduler.run(safetyMs));
    if (!this.#scheduler.stopped) this.#guarded(() => this.#recover());
    if (!this.#scheduler.stopped) {
      judge(this.#report, {
        states: this.#observer.states,
        members: this.#cluster.members,
        recorder: this.#recorder,
        leases: this.#leases,
        mustHear: this.#mustHear,
        model: this.#observer.model,
        quotaBytes: this.#plan.store?.quotaBackendBytes,
        keptMs: this.#keptMs(),
        endMs: this.#scheduler.now,
        leaseSlackMs: recoveryMs,
      });
    }
    return this.#result();
  }

  get recorder(): Recorder {
    return this.#recorder;
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#bug('the world', thrown);
    }
  }

  #bug(who: string, thrown: unknown): void {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    this.#report.find('crash', 'exceptions', `${who}: ${text}`);
  }

  /** Liveness. */
  #recover(): void {
    this.#faults.heal(fair);
    for (const { watching } of this.#clients) watching.hurry();
    // Whoever fills a small store as fast as room is made leaves none for the probe.
    if (this.#plan.store?.quotaBackendBytes !== undefined) this.#rest();
    const scheduler = this.#scheduler;
    const client = must(this.#clients.at(-1), 'a client without a plan');
    const world = { scheduler, process: this.#process, cluster: this.#cluster, client };
    if (!this.#isWell(new Recovery(world))) return;
    if (!this.#staysWell(world) || !this.#findsRoom(world)) return;
    if (!this.#waitsInLine(world)) return;
    if (this.#plan.bereaved && !this.#goesOnWithout(world)) return;
    const leasesEnd = scheduler.now + 15_000;
    while (this.#leased() && scheduler.now < leasesEnd && !scheduler.stopped) {
      scheduler.run(scheduler.now + 500);
    }
    this.#hearOut();
    if (this.#plan.users) this.#returnLate();
  }

  /** Watches catch up with what has been written, and hear that all is well. */
  #hearOut(): void {
    const scheduler = this.#scheduler;
    const { revision } = this.#observer.states;
    const sinceMs = scheduler.now;
    const open = this.#openWatches();
    const notified = this.#clients.flatMap(({ watching }) => watching.notified);
    const everyMs = this.#plan.store?.watchProgressNotifyMs ?? 0;
    scheduler.run(sinceMs + Math.max(hearOutMs, looks * everyMs));
    const atMs = scheduler.now;
    const asked = this.#clients.flatMap(({ watching }) => watching.askProgress(revision));
    scheduler.run(atMs + answerMs);
    // A member that was removed may learn of that only now, and its watches go on elsewhere.
    const left = new Set(this.#openWatches());
    const still = (watches: MustHear['open']) => watches.filter((watch) => left.has(watch));
    this.#mustHear = {
      open: still(open),
      revision,
      notified: { watches: everyMs > 0 ? still(notified) : [], sinceMs },
      asked: { watches: still(asked), atMs },
    };
  }

  /** Everybody asks once more, when the tokens that they have are good no more. */
  #returnLate(): void {
    const scheduler = this.#scheduler;
    if (scheduler.stopped) return;
    scheduler.run(scheduler.now + lateMs);
    for (const client of this.#clients) {
      client.look().catch((thrown: unknown) => this.#bug('somebody who is late', thrown));
    }
    scheduler.run(scheduler.now + answerMs);
  }

  #keptMs(): number | undefined {
    const { autoCompaction } = this.#plan.store ?? {};
    return autoCompaction?.mode === 'periodic' ? autoCompaction.periodMs : undefined;
  }

  #isWell(recovery: Recovery): boolean {
    const { stopped } = this.#scheduler;
    if (stopped) return false;
    const wrong = recovery.await(recoveryMs, (thrown) => this.#bug('the probe', thrown));
    if (wrong !== '' && !this.#scheduler.stopped) this.#report.find('liveness', 'recovery', wrong);
    return wrong === '' && !this.#scheduler.stopped;
  }

  #staysWell(world: RecoveryWorld): boolean {
    const quiet = new Quiet(world, this.#board, this.#plan);
    const bug = (thrown: unknown): void => this.#bug('the probe', thrown);
    let wrong = quiet.run(bug);
    this.#rest();
    wrong ||= quiet.alone(bug);
    return this.#isInTime(wrong);
  }

  #rest(): void {
    for (const client of this.#clients) client.rest();
  }

  #waitsInLine(world: RecoveryWorld): boolean {
    if (!this.#plan.clients.flat().some(({ kind }) => kind === 'lock')) return true;
    return this.#isInTime(inLine(world, this.#plan, (thrown) => this.#bug('the probe', thrown)));
  }

  #findsRoom(world: RecoveryWorld): boolean {
    const { quotaBackendBytes } = this.#plan.store ?? {};
    if (quotaBackendBytes === undefined) return true;
    const space = new Space(world, quotaBackendBytes);
    const wrong = space.run((thrown) => this.#bug('the probe', thrown));
    if (wrong !== '') this.#report.find('liveness', 'alarms', wrong);
    return !this.#scheduler.stopped;
  }

  /**
   * Leadership is handed over; then somebody dies just as it is handed over to them. The rest serves on, and they come
   * back; then who leads dies.
   */
  #goesOnWithout(world: RecoveryWorld): boolean {
    const bug = (thrown: unknown): void => this.#bug('the probe', thrown);
    if (!this.#isInTime(handOver(world, this.#plan, bug))) return false;
    const heir = this.#cluster.heir();
    if (!heir) return true;
    this.#faults.handOver(heir);
    heir.crash(false);
    if (!this.#isWell(new Recovery(world, heir))) return false;
    heir.start();
    if (!this.#isWell(new Recovery(world))) return false;
    return this.#isInTime(succession(world, this.#plan, bug)) && this.#isWell(new Recovery(world));
  }

  /** `wrong`: in words; empty: nothing. */
  #isInTime(wrong: string): boolean {
    if (wrong !== '') this.#report.find('liveness', 'answers in time', wrong);
    return !this.#scheduler.stopped;
  }

  #openWatches(): MustHear['open'] {
    return this.#clients.flatMap(({ watching }) => watching.open);
  }

  #leased(): boolean {
    const leader = this.#cluster.leader()?.life;
    return leader === undefined || leader.host.state.mvcc.leases.size > 0;
  }

  #result(): SimulationResult {
    const { operations } = this.#recorder;
    const { states, newestTerm } = this.#observer;
    this.#scheduler.trace(states.revision);
    this.#scheduler.trace(operations.length);
    return {
      hash: this.#scheduler.hash.toString(16).padStart(8, '0'),
      finding: this.#report.findings[0],
      simulatedMs: this.#scheduler.now,
      steps: this.#scheduler.steps,
      requests: operations.length,
      answered: operations.filter(({ outcome }) => outcome === 'ok').length,
      terms: newestTerm,
      revision: states.revision,
    };
  }
}

/** What a log line says besides its text. */
export function brief(fields: object): string {
  const entries = Object.entries(fields).filter(([name]) => name !== 'stack');
  return entries.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ');
}
