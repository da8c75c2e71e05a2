import { createRng, QuorateError, type Rng } from '#shared/base';
import { systemClock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { anonymous } from '#services/store';
import { Observer } from '../checks/observer.ts';
import { Report } from '../checks/report.ts';
import { SimCluster } from '../cluster/cluster.ts';
import { FaultPlane } from '../cluster/faults.ts';
import type { Life, SimMember } from '../cluster/member.ts';
import { Switchboard } from '../cluster/switchboard.ts';
import type { MemberBoard } from '../cluster/transport.ts';
import { brief, type SimulationOptions, type SimulationResult } from '../simulation.ts';
import { Machine } from '../world/machine.ts';
import { Network } from '../world/network.ts';
import { SimProcess } from '../world/process.ts';
import { Scheduler } from '../world/scheduler.ts';
import { type Bounds, ControlChecks } from './checks/checks.ts';
import { isFailing, isWorking, unsettled } from './checks/converged.ts';
import { ControlFaultPlane } from './faults.ts';
import { simApiClient } from './parts/api.ts';
import { Links } from './parts/links.ts';
import {
  advertised,
  type ComponentKind,
  type MasterWorld,
  SimComponent,
  startApiServer,
  startComponent,
} from './parts/masters.ts';
import { type NodeWorld, SimNode } from './parts/node.ts';
import { silencing } from './plan/draw.ts';
import type { ControlFault, ControlPlan, UserStep } from './plan/plan.ts';
import { zones } from './users/extras.ts';
import { Onlooker } from './users/onlooker.ts';
import { User } from './users/user.ts';

/** Runs it in a turn of the real event loop of its own. */
export function simulateControl(
  plan: ControlPlan,
  options: SimulationOptions = {},
): Promise<SimulationResult> {
  return new Promise((resolve) => {
    systemClock.soon(() => resolve(new ControlSimulation(plan, options).run()));
  });
}

const fair = { delayMs: [0.2, 1] as const, loss: 0, duplicate: 0, reorder: 0 };
/** After everything has healed: that long until all is as users want it, while no program fails by itself, or works for a Job. */
const recoveryMs = 120_000;
/** And that long whatever fails. */
const longestRecoveryMs = 600_000;
/** It must stay so: nobody undoes it. */
const calmMs = 5_000;

const everyComponent: readonly ComponentKind[] = ['scheduler', 'controller-manager'];

/** Where nothing breaks, all is soon known and done; where nodes do and nothing else, what lives on goes on. */
function boundsOf({ faults, watchLagMs, nodeGraceMs, nodes }: ControlPlan): Bounds {
  // The last node's pods stay where they are.
  const lostMs = nodes > 1 ? nodeGraceMs + 2 * watchLagMs + 6000 : Infinity;
  // What is seen of a node comes in an order, and not in time.
  const silentMs = Math.max(0, nodeGraceMs - watchLagMs);
  if (faults.length === 0)
    return {
      patienceMs: watchLagMs + 1000,
      promptMs: 2 * watchLagMs + 2500,
      lostMs,
      cronMs: 75_000,
      silentMs,
    };
  // What has run by a clock that was ahead runs again when others have come to that time.
  const jumps = faults.some((fault) => fault.kind === 'store' && fault.fault.kind === 'jump');
  const cronMs = jumps ? Infinity : 240_000;
  const silences = ({ kind }: ControlFault): boolean =>
    kind === 'node-gone' || silencing.includes(kind);
  const onlyNodes = faults.every(silences);
  const isHeard = faults.every((fault) => silences(fault) || fault.kind === 'component-pause');
  return {
    patienceMs: 12_000,
    promptMs: Infinity,
    lostMs: onlyNodes ? lostMs : Infinity,
    cronMs,
    silentMs: isHeard ? silentMs : 0,
  };
}

/** A cluster with everything that runs in one, under one plan. */
class ControlSimulation {
  readonly #plan: ControlPlan;
  readonly #scheduler = new Scheduler();
  readonly #process = new SimProcess(0);
  readonly #rng: Rng;
  readonly #network: Network;
  readonly #report: Report;
  readonly #observer: Observer;
  readonly #cluster: SimCluster;
  readonly #links: Links;
  readonly #nodes: SimNode[];
  readonly #components: SimComponent[];
  readonly #onlooker: Onlooker;
  readonly #checks: ControlChecks;
  readonly #storeFaults: FaultPlane;
  readonly #faults: ControlFaultPlane;
  readonly #say: (who: string, text: string, fields?: object) => void;
  #processes = 0;

  constructor(plan: ControlPlan, { log }: SimulationOptions) {
    this.#plan = plan;
    const rng = createRng(plan.seed ^ 0x2c_1b_3c_6d);
    this.#rng = rng;
    const scheduler = this.#scheduler;
    const now = (): number => scheduler.now;
    this.#say = (who, text, fields = {}) =>
      log?.(`${now().toFixed(1).padStart(9)} ${who.padEnd(10)} ${text} ${brief(fields)}`);
    this.#network = new Network(scheduler, createRng(rng.int(2 ** 31)), plan.store.weather);
    this.#report = new Report(now, () => scheduler.stop());
    this.#observer = new Observer(this.#report, now, plan.store);
    this.#checks = new ControlChecks(this.#report, now, boundsOf(plan));
    this.#observer.states.onNew = (entry) => this.#checks.applied(entry);
    this.#links = new Links(scheduler, this.#network, createRng(rng.int(2 ** 31)), plan.watchLagMs);
    this.#cluster = this.#createStore();
    this.#nodes = Array.from({ length: plan.nodes }, (_, i) => this.#createNode(i));
    this.#components = everyComponent.flatMap((kind) =>
      Array.from(
        { length: plan.components },
        (_, i) => new SimComponent(kind, this.#machine(`${kind[0]}${i + 1}`), this.#masterWorld),
      ),
    );
    this.#onlooker = this.#createOnlooker();
    const bug = (thrown: unknown): void => this.#bug('the cluster', thrown);
    const faultLog = (text: string): void => this.#say('fault', text);
    this.#storeFaults = new FaultPlane({
      scheduler,
      network: this.#network,
      cluster: this.#cluster,
      process: this.#process,
      log: faultLog,
      bug,
    });
    this.#faults = new ControlFaultPlane({
      scheduler,
      network: this.#network,
      process: this.#process,
      store: this.#storeFaults,
      nodes: this.#nodes,
      components: this.#components,
      masters: this.#masters(),
      onlooker: this.#onlooker.machine,
      links: this.#links,
      compact: () => this.#compact(),
      log: faultLog,
    });
  }

  run(): SimulationResult {
    const { safetyMs, faults } = this.#plan;
    try {
      this.#cluster.start();
      for (const part of [...this.#nodes, ...this.#components, this.#onlooker]) part.start();
      this.#faults.schedule(faults);
      this.#startUsers();
      this.#break(safetyMs);
      if (!this.#scheduler.stopped) this.#recover();
      if (!this.#scheduler.stopped) this.#checks.judge();
    } catch (thrown) {
      this.#bug('the world', thrown);
    }
    return this.#result();
  }

  #break(untilMs: number): void {
    const scheduler = this.#scheduler;
    while (!scheduler.stopped && scheduler.now < untilMs) {
      scheduler.run(Math.min(untilMs, scheduler.now + 500));
      this.#checks.tick(scheduler.now);
    }
  }

  get #masterWorld(): MasterWorld {
    return {
      rng: this.#rng,
      links: this.#links,
      newProcess: () => this.#newProcess(),
      logger: (who) => this.#logger(who),
      bug: (who, thrown) => this.#bug(who, thrown),
      servers: () => this.#masters(),
      recorded: (asking, api) => this.#checks.recorded(asking, api),
      config: this.#plan,
    };
  }

  #createStore(): SimCluster {
    const scheduler = this.#scheduler;
    const board: MemberBoard = new Switchboard(scheduler, this.#network, {
      sent: (message) => {
        scheduler.trace(message.term * 31 + message.from + message.to);
        this.#observer.sends(message);
      },
      arrives: (message) => this.#observer.receives(message),
    });
    return new SimCluster({
      plan: this.#plan.store,
      rng: this.#rng,
      scheduler,
      newProcess: () => this.#newProcess(),
      network: this.#network,
      board,
      log: this.#say,
      events: {
        born: (member, life) => {
          this.#say(member.name, 'runs');
          this.#observer.born(member, life);
        },
        started: (member, life) => this.#startMaster(member, life),
        failed: (member, error) => this.#say(member.name, `stopped: ${error.message}`),
        bug: (member, thrown) => this.#bug(member.name, thrown),
      },
    });
  }

  #startMaster(member: SimMember, life: Life): void {
    const server = startApiServer(member, life, this.#masterWorld);
    if (this.#plan.components > 0) return;
    for (const kind of everyComponent) {
      startComponent(kind, life.process, member.machine, this.#masterWorld, (user) =>
        server.apiAs(user),
      );
    }
  }

  #createNode(number: number): SimNode {
    const world: NodeWorld = {
      scheduler: this.#scheduler,
      links: this.#links,
      newProcess: () => this.#newProcess(),
      events: this.#checks.containers,
      logger: (who) => this.#logger(who),
      bug: (who, thrown) => this.#bug(who, thrown),
      recorded: (asking, api) => this.#checks.recorded(asking, api),
      servers: () => this.#masters(),
      volumes: this.#plan.volumes === true,
    };
    const rng = createRng(this.#rng.int(2 ** 31));
    const zone = zones[number % zones.length] ?? 'a';
    return new SimNode(this.#machine(`n${number + 1}`), zone, this.#plan.cpus, rng, world);
  }

  #machine(name: string): Machine {
    const rng = createRng(this.#rng.int(2 ** 31));
    return new Machine(name, this.#scheduler, rng, this.#plan.store.syncMs);
  }

  #masters(): string[] {
    return this.#cluster.members.map(({ name }) => name);
  }

  #newProcess(): SimProcess {
    return new SimProcess(++this.#processes);
  }

  #startUsers(): void {
    for (const [i, steps] of this.#plan.clients.entries()) {
      const { process, api, clock } = this.#client(`user${i}`, i);
      const who = { who: `user${i}`, process, elected: false };
      const world = {
        api: this.#checks.recordedApplying(who, api),
        nodes: this.#nodes.map(({ name }) => name),
        sleep: (ms: number) => clock.sleep(ms),
        isOver: () => this.#scheduler.now >= this.#plan.safetyMs,
        forced: (uid: string) => this.#checks.forced(uid),
        cordons: (node: string, unschedulable: boolean) =>
          this.#checks.cordons(node, unschedulable),
        counted: (name: string, sure: boolean) => this.#checks.counted(name, sure),
      };
      new User(i, world).run(steps).catch((thrown: unknown) => this.#bug(`user ${i}`, thrown));
    }
  }

  /** Of the API, with every right, on a machine of its own. `first`: the so many-th master is asked first. */
  #client(name: string, first = 0) {
    const user = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
    const machine = this.#machine(name);
    const process = this.#newProcess();
    const clock = machine.time.clock(process);
    const caller = { machine: name, process, user };
    const masters = this.#masters();
    const at = first % masters.length;
    const servers = [...masters.slice(at), ...masters.slice(0, at)];
    return { process, clock, api: simApiClient(this.#links, caller, servers, clock) };
  }

  #createOnlooker(): Onlooker {
    const machine = 'onlooker';
    const { process, api, clock } = this.#client(machine);
    const recorded = this.#checks.recorded({ who: machine, process, elected: false }, api);
    const judges = (informer: string) => this.#checks.informed(informer);
    return new Onlooker({ machine, process }, recorded, clock, this.#logger(machine), judges);
  }

  /** As an operator does it, at whichever member leads. */
  #compact(): void {
    const host = this.#cluster.leader()?.life?.host;
    const revision = this.#observer.states.revision;
    host
      ?.clientFor(anonymous)
      .compact(revision)
      .catch((thrown: unknown) => {
        if (!QuorateError.is(thrown)) this.#bug('compaction', thrown);
      });
  }

  /** Liveness: with everything mended, all becomes what users have asked for, and stays so. */
  #recover(): void {
    this.#say('world', 'everything heals');
    this.#storeFaults.heal(fair);
    this.#faults.heal();
    this.#takeCare();
    const scheduler = this.#scheduler;
    const until = scheduler.now + longestRecoveryMs;
    const stepMs = 500;
    let leftMs = recoveryMs;
    let wrong = '';
    let said = '';
    let wellSince: number | undefined;
    while (!scheduler.stopped && leftMs > 0 && scheduler.now < until) {
      scheduler.run(scheduler.now + stepMs);
      const reality = this.#reality();
      if (!isFailing(reality) && !isWorking(reality)) leftMs -= stepMs;
      for (const member of this.#cluster.members) member.start();
      wrong = unsettled(reality) || this.#onlooker.wrong(this.#checks.objects);
      if (wrong !== said) this.#say('world', wrong === '' ? 'all is well' : `not yet: ${wrong}`);
      said = wrong;
      wellSince = wrong === '' ? (wellSince ?? scheduler.now) : undefined;
      if (wellSince !== undefined && scheduler.now - wellSince >= calmMs) return;
    }
    if (scheduler.stopped) return;
    this.#report.find('liveness', 'convergence', wrong || 'it comes and goes');
  }

  #takeCare(): void {
    const { api, clock } = this.#client('admin');
    const operator = new User(-1, {
      api,
      nodes: this.#nodes.map(({ name }) => name),
      sleep: (ms) => clock.sleep(ms),
      isOver: () => false,
      forced: () => undefined,
      cordons: (node, unschedulable) => this.#checks.cordons(node, unschedulable),
      counted: () => undefined,
    });
    // More than once: nobody may lead yet, and users are not done.
    const steps = Array.from({ length: 3 }, (): UserStep[] => [
      // What is made every minute, and whom it displaces, would never come to rest.
      { afterMs: 0, kind: 'rest', pick: 0 },
      { afterMs: 0, kind: 'classes', pick: 0 },
      ...this.#nodes.flatMap(({ gone }, pick): UserStep[] =>
        gone
          ? [{ afterMs: 1500, kind: 'delete-node', pick }]
          : [
              { afterMs: 1500, kind: 'uncordon', pick },
              // The first takes everybody; what expels pods from others goes on to do so.
              { afterMs: 0, kind: pick === 0 ? 'untaint' : 'admit', pick },
            ],
      ),
    ]);
    operator.run(steps.flat()).catch((thrown: unknown) => this.#bug('admin', thrown));
  }

  #reality() {
    const { objects } = this.#checks;
    const nodes = this.#nodes
      .filter(({ gone }) => !gone)
      .map(({ name, containers, kept }) => ({ name, running: containers.running(), kept }));
    const servers = this.#plan.published && { servers: this.#masters().map(advertised) };
    return { objects, nodes, ...servers };
  }

  #logger(who: string): Logger {
    const say = (fields: object, text: string): void => this.#say(who, text, fields);
    const logger: Logger = {
      debug: () => undefined,
      info: say,
      warn: say,
      error: (fields, text) => {
        say(fields, text);
        this.#bug(who, new Error(`${text} ${brief(fields)}`));
      },
      child: () => logger,
    };
    return logger;
  }

  #bug(who: string, thrown: unknown): void {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    this.#report.find('crash', 'exceptions', `${who}: ${text}`);
  }

  #result(): SimulationResult {
    const { states, newestTerm } = this.#observer;
    const { asked, answered } = this.#checks;
    const scheduler = this.#scheduler;
    scheduler.trace(states.revision);
    scheduler.trace(asked);
    return {
      hash: scheduler.hash.toString(16).padStart(8, '0'),
      finding: this.#report.findings[0],
      simulatedMs: scheduler.now,
      steps: scheduler.steps,
      requests: asked,
      answered,
      terms: newestTerm,
      revision: states.revision,
    };
  }
}
