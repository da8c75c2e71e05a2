import { createRng, QuorateError, type Rng } from '#shared/base';
import type { Logger } from '#shared/runtime';
import { DataDir } from '#shared/storage';
import {
  Auth,
  type ClusterView,
  found,
  type HostParts,
  isRefusal,
  MemberHost,
  settle,
  SimpleTokens,
} from '#services/store';
import type { StoreSettings } from '../plan/plan.ts';
import type { Machine } from '../world/machine.ts';
import type { SimProcess } from '../world/process.ts';
import type { Scheduler } from '../world/scheduler.ts';
import { type MemberBoard, SimTransport } from './transport.ts';

export interface MemberSettings {
  readonly tickMs?: number | undefined;
  readonly heartbeatMs: number;
  readonly electionMs: number;
  readonly strictReconfigCheck: boolean;
  readonly maxMessageBytes?: number | undefined;
  readonly snapshotCount: number;
  readonly snapshotCatchUpEntries: number;
  readonly store?: StoreSettings | undefined;
}

/** One life of a member, from its start to its end. */
export interface Life {
  readonly process: SimProcess;
  readonly dir: DataDir;
  readonly host: MemberHost;
  readonly auth: Auth;
  readonly tokens: SimpleTokens;
  readonly transport: SimTransport;
}

export interface MemberEvents {
  /** It runs: what it does can be watched from here on, and nothing has happened yet. */
  born(member: SimMember, life: Life): void;
  /** It serves, in the same event. Whatever else its process runs is started here. */
  started?(member: SimMember, life: Life): void;
  /** It has stopped by itself. */
  failed(member: SimMember, error: Error): void;
  /** Something that no component may throw. */
  bug(member: SimMember, thrown: unknown): void;
}

export interface MemberWorld {
  readonly scheduler: Scheduler;
  readonly newProcess: () => SimProcess;
  readonly board: MemberBoard;
  readonly rng: Rng;
  readonly settings: MemberSettings;
  readonly events: MemberEvents;
  readonly log: (member: string, text: string, fields: object) => void;
  /** What a member that is asked tells of its cluster. */
  readonly ask: (
    from: SimMember,
    name: string,
    process: SimProcess,
  ) => Promise<ClusterView | undefined>;
}

/** A member and its machine; the production host on a simulated world. */
export class SimMember {
  readonly name: string;
  readonly machine: Machine;
  readonly #world: MemberWorld;
  readonly #initialCluster: Readonly<Record<string, readonly string[]>>;
  readonly #state: 'new' | 'existing';
  #process: SimProcess | undefined;
  #life: Life | undefined;
  /** Why it does not run, where it stopped by itself. */
  failure: Error | undefined;
  /** It was removed from the cluster, or its disk is beyond hope: it is not started again. */
  retired = false;

  constructor(
    name: string,
    machine: Machine,
    world: MemberWorld,
    initialCluster: Readonly<Record<string, readonly string[]>>,
    state: 'new' | 'existing',
  ) {
    this.name = name;
    this.machine = machine;
    this.#world = world;
    this.#initialCluster = initialCluster;
    this.#state = state;
  }

  /** While it runs. */
  get life(): Life | undefined {
    return this.#life;
  }

  get up(): boolean {
    return this.#process !== undefined;
  }

  get process(): SimProcess | undefined {
    return this.#process;
  }

  start(): void {
    if (this.#process || this.retired) return;
    const process = this.#world.newProcess();
    this.#process = process;
    this.failure = undefined;
    this.#boot(process).catch((thrown: unknown) => this.#failed(process, thrown));
  }

  /** The process is killed; where the power fails, its disk is hurt as well. */
  crash(power: boolean): void {
    const life = this.#life;
    this.#end();
    this.machine.crash(power);
    if (life) this.#world.board.gone(this.name, life.transport);
  }

  #end(): void {
    this.#process?.kill();
    this.#process = undefined;
    this.#life = undefined;
  }

  async #boot(process: SimProcess): Promise<void> {
    const { board, rng, settings, events, ask } = this.#world;
    const { name, machine } = this;
    const clock = machine.time.clock(process);
    const peerUrl = `http://${name}:2380`;
    const settled = settle({
      name,
      dataDir: `/${name}`,
      listenClientUrls: [`http://${name}:2379`],
      listenPeerUrls: [peerUrl],
      initialCluster: { ...this.#initialCluster, [name]: [peerUrl] },
      initialClusterState: this.#state,
      clock,
      log: this.#logger(),
      rng: createRng(rng.int(2 ** 31)),
      ...settings,
      ...settings.store,
      onFatal: (error) => this.#failed(process, error),
    });
    const options = { ...settled, tickMs: settings.tickMs ?? settled.tickMs };
    const dir = await DataDir.open(options.dataDir, machine.medium(process));
    const identity = await found(options, dir, (url) => ask(this, nameOf(url), process));
    const transport = new SimTransport(board, name, process, () => clock.monotonic(), {
      id: identity.memberId,
      clusterId: identity.clusterId,
      incarnation: identity.incarnation,
    });
    const served = asServed({
      settings: options,
      dir,
      identity,
      transport,
      bounds: settings.store ?? {},
      halted: () => undefined,
    });
    const { host } = served;
    this.#life = { process, dir, ...served, transport };
    events.born(this, this.#life);
    await host.start();
    events.started?.(this, this.#life);
    host.publish().catch((thrown: unknown) => events.bug(this, thrown));
  }

  #failed(process: SimProcess, thrown: unknown): void {
    if (process !== this.#process) return;
    const life = this.#life;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.failure = error;
    const damaged = !life && QuorateError.is(error, 'data-loss') && !this.machine.full;
    if (damaged || (QuorateError.is(error) && isRefusal(error))) this.retired = true;
    this.#end();
    this.machine.crash(false);
    if (life) this.#world.board.gone(this.name, life.transport);
    const blamesDisk = damaged && !this.machine.rotten;
    if (!QuorateError.is(error) || blamesDisk) this.#world.events.bug(this, error);
    this.#world.events.failed(this, error);
  }

  #logger(): Logger {
    const { log } = this.#world;
    const say = (fields: object, text: string): void => log(this.name, text, fields);
    const logger: Logger = {
      debug: () => undefined,
      info: say,
      warn: say,
      error: say,
      child: () => logger,
    };
    return logger;
  }
}

const nameOf = (url: string): string => url.replace(/^http:\/\//, '').replace(/:\d+$/, '');

/** A token is good for as long, from when it was shown last. */
export const tokenSeconds = 10;
const hashMs = 2;

/** The host, with what `quorate` puts around it for users: passwords are no secrets here. */
function asServed(parts: HostParts): Pick<Life, 'host' | 'auth' | 'tokens'> {
  const { clock, log } = parts.settings;
  const rng = createRng(parts.identity.starts);
  const tokens = new SimpleTokens({
    clock,
    ttlSeconds: tokenSeconds,
    randomInt: (max) => rng.int(max),
    appliedIndex: () => host.node.backend.applied.index,
    caughtUp: () => host.node.linearizable(),
  });
  const host: MemberHost = new MemberHost({ ...parts, tokens });
  const hash = (password: string): string => `hash of ${password}`;
  const passwords = {
    hash: (password: string) => clock.sleep(hashMs).then(() => hash(password)),
    matches: (password: string, known: string) =>
      clock.sleep(hashMs).then(() => hash(password) === known),
  };
  return { host, auth: new Auth(host.serving, tokens, passwords, log), tokens };
}
