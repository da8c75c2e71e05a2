import { createRng } from '#shared/base';
import {
  answerText,
  BrokenPromise,
  callText,
  checkLease,
  checkLeaseEnds,
  checkLinearizable,
  checkResumed,
  type Watch,
  WatchCheck,
} from '#shared/checks';
import { systemClock } from '#shared/clock';
import type { LeaseId } from '#shared/mvcc';
import { AnswerCheck } from './checks/answers.ts';
import { eventLogOf } from './checks/event-log.ts';
import { leaseMsOf } from './checks/leader-kept.ts';
import { contentsOf, Observer } from './checks/observer.ts';
import { type Finding, Report } from './checks/report.ts';
import { SimClient } from './clients/client.ts';
import { LeaseBook } from './clients/leases.ts';
import { Recorder } from './clients/recorder.ts';
import { SimCluster } from './cluster/cluster.ts';
import type { Life } from './cluster/member.ts';
import { FaultPlane } from './cluster/faults.ts';
import { Switchboard } from './cluster/transport.ts';
import type { Plan } from './plan/plan.ts';
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
const probeEveryMs = 1000;
/** Within this after the last write all members have applied it. */
const agreeMs = 500;
/** Orders tried for a history; what is not decided then is left to the other checkers. */
const budget = 100_000;
/** Clocks drift by a tenth at most. */
const tolerance = { clockRate: 1.11 };

/** One cluster under one plan. Runs to its end in one go, outside of any promise. */
export class Simulation {
  readonly #plan: Plan;
  readonly #scheduler = new Scheduler();
  readonly #process = new SimProcess(0);
  readonly #network: Network;
  readonly #report: Report;
  readonly #observer: Observer;
  readonly #cluster: SimCluster;
  readonly #faults: FaultPlane;
  readonly #recorder: Recorder;
  readonly #leases = new LeaseBook();
  readonly #clients: SimClient[];
  #processes = 0;
  #well = false;
  /** Watches that must have caught up with this revision in the end. */
  #mustHear: { readonly open: readonly Watch[]; readonly revision: number } = {
    open: [],
    revision: 0,
  };
  /** Where the last probe went. */
  #probed = '';

  constructor(plan: Plan, { log }: SimulationOptions = {}) {
    this.#plan = plan;
    const rng = createRng(plan.seed ^ 0x51_3a_7e_55);
    const scheduler = this.#scheduler;
    const now = (): number => scheduler.now;
    const say = (who: string, text: string, fields: object = {}): void =>
      log?.(`${now().toFixed(1).padStart(9)} ${who.padEnd(6)} ${text} ${brief(fields)}`);
    this.#network = new Network(scheduler, createRng(rng.int(2 ** 31)), plan.weather);
    this.#report = new Report(now, () => scheduler.stop());
    this.#observer = new Observer(this.#report, now, leaseMsOf(plan));
    const board = new Switchboard(scheduler, this.#network, {
      sent: (message) => {
        scheduler.trace(message.term * 31 + message.from + message.to);
        this.#observer.sends(message);
      },
      arrives: (message) => this.#observer.receives(message),
    });
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
      members: () => this.#cluster.members,
      bug: (member: string, thrown: unknown) => this.#bug(member, thrown),
    };
    this.#clients = [...plan.clients, []].map((_, number) => new SimClient(number, world));
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
    if (!this.#scheduler.stopped) this.#judge();
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

  /** Liveness: with everything mended, the cluster serves at every member, and all agree. */
  #recover(): void {
    this.#faults.heal(fair);
    const scheduler = this.#scheduler;
    this.#probe().catch((thrown: unknown) => this.#bug('the probe', thrown));
    const until = scheduler.now + recoveryMs;
    while (!this.#well && scheduler.now < until && !scheduler.stopped) {
      scheduler.run(scheduler.now + 500);
    }
    if (scheduler.stopped) return;
    if (!this.#well) {
      this.#report.find('liveness', 'recovery', this.#unwell() || `no write at ${this.#probed}`);
      return;
    }
    const leasesEnd = scheduler.now + 15_000;
    while (this.#leased() && scheduler.now < leasesEnd && !scheduler.stopped) {
      scheduler.run(scheduler.now + 500);
    }
    // Clients may still write: watches catch up with what has been written by now. A member that was
    // removed may learn of that only now, and its watches go on elsewhere.
    const { revision } = this.#observer.states;
    const open = this.#openWatches();
    scheduler.run(scheduler.now + 5000);
    const still = new Set(this.#openWatches());
    this.#mustHear = { open: open.filter((watch) => still.has(watch)), revision };
  }

  #openWatches(): readonly Watch[] {
    return this.#clients.flatMap(({ watching }) => watching.open);
  }

  #leased(): boolean {
    const leader = this.#cluster.leader()?.life;
    return leader === undefined || leader.host.state.mvcc.leases.size > 0;
  }

  async #probe(): Promise<void> {
    const client = this.#clients.at(-1);
    for (;;) {
      // Whoever gave up because nobody was there tries again, as its operator would.
      for (const member of this.#cluster.members) member.start();
      const serving = await this.#eachServes(client);
      this.#well = serving && (await this.#agree());
      if (this.#well) return;
      await this.#pause(probeEveryMs);
    }
  }

  /** Followers hear of a commit some milliseconds after whoever asked for it. */
  async #agree(): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < agreeMs; waitedMs += agreeMs / 20) {
      if (this.#unwell() === '') return true;
      await this.#pause(agreeMs / 20);
    }
    return false;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#scheduler.at(this.#process, this.#scheduler.now + ms, resolve);
    });
  }

  async #eachServes(client: SimClient | undefined): Promise<boolean> {
    for (const [i, { name, life }] of this.#cluster.members.entries()) {
      if (!life || life.host.isLearner() || !isMember(life)) continue;
      this.#probed = name;
      if (!(await client?.probe(i))) return false;
    }
    return true;
  }

  /** What is wrong, in words; empty: nothing. */
  #unwell(): string {
    const leader = this.#cluster.leader()?.life;
    if (!leader) return `nobody leads; ${this.#describe()}`;
    const { index } = leader.dir.backend.applied;
    const wanted = new Set([...leader.host.state.members.values()].flatMap((m) => m.peerUrls));
    for (const { name, life, failure } of this.#cluster.members) {
      if (!wanted.has(`http://${name}:2380`)) continue;
      if (!life) return `${name} does not run: ${failure?.message ?? 'it never started'}`;
      const applied = life.dir.backend.applied.index;
      if (applied < index) return `${name} has applied ${applied} of ${index}; ${this.#describe()}`;
    }
    return '';
  }

  #describe(): string {
    const progress = this.#cluster.leader()?.life?.host.node.status().progress ?? [];
    return [
      ...this.#cluster.members.map(
        ({ name, life, failure }) =>
          `${name}: ${life?.host.node.describe() ?? failure?.message ?? 'down'}`,
      ),
      ...progress.map((each) => JSON.stringify(each)),
    ].join('; ');
  }

  /** What can be said only at the end. */
  #judge(): void {
    const { states } = this.#observer;
    const { operations, watches } = this.#recorder;
    this.#report.check('state-machine equality', () => {
      for (const { name, life } of this.#cluster.members) {
        if (life) states.restored(name, life.dir.backend.applied.index, contentsOf(life));
      }
    });
    this.#report.check('answers', () => new AnswerCheck(states).run(operations));
    const log = eventLogOf(states);
    this.#report.check('watch', () => {
      for (const watch of watches) new WatchCheck(watch, log).run();
      for (const [before, after] of this.#recorder.resumed) checkResumed(before, after, log);
      const { open, revision } = this.#mustHear;
      for (const watch of open) WatchCheck.caughtUp(watch, log, revision);
    });
    this.#report.check('linearizability', () => {
      const { outcome, violation } = checkLinearizable(this.#recorder, {
        initialRevision: 1,
        budget,
      });
      if (outcome !== 'violated' || !violation) return;
      const window = violation.window.map((op) => `${callText(op.call)} → ${answerText(op)}`);
      throw new BrokenPromise(`${violation.reason} (${window.join('; ')})`);
    });
    this.#judgeLeases();
  }

  #judgeLeases(): void {
    const ended = new Map<LeaseId, number>();
    for (const { operation, error, atMs } of this.#observer.states.entries) {
      if (operation?.type === 'lease-revoke' && error === undefined) ended.set(operation.id, atMs);
    }
    this.#report.check('lease safety', () => {
      for (const record of this.#leases.records(ended)) checkLease(record, tolerance);
    });
    for (const record of this.#leases.records(ended)) {
      try {
        checkLeaseEnds(record, this.#scheduler.now, recoveryMs);
      } catch (thrown) {
        if (!(thrown instanceof BrokenPromise)) throw thrown;
        this.#report.find('liveness', 'lease liveness', thrown.message);
      }
    }
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

/** One that was never added, as far as it knows, serves nobody. */
function isMember({ host }: Life): boolean {
  return host.state.members.has(host.serving.memberId);
}

/** What a log line says besides its text. */
export function brief(fields: object): string {
  const entries = Object.entries(fields).filter(([name]) => name !== 'stack');
  return entries.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ');
}
