import { createRng, type Rng } from '#shared/base';
import type { ApiClient } from '#shared/client';
import type { Logger } from '#shared/runtime';
import { createApiServer, type User } from '#services/apiserver';
import { createControllerManager } from '#services/controller-manager';
import { createScheduler } from '#services/scheduler';
import { anonymous } from '#services/store';
import type { Life, SimMember } from '../../cluster/member.ts';
import type { Machine } from '../../world/machine.ts';
import type { Asking } from '../checks/checks.ts';
import type { SimProcess } from '../../world/process.ts';
import { simApiClient } from './api.ts';
import type { Links } from './links.ts';

export interface MasterWorld {
  readonly rng: Rng;
  readonly links: Links;
  readonly newProcess: () => SimProcess;
  readonly logger: (who: string) => Logger;
  readonly bug: (who: string, thrown: unknown) => void;
  readonly servers: () => readonly string[];
  /** What a component asks of the API and is answered, for the checkers. */
  readonly recorded: <T extends ApiClient>(asking: Asking, api: T) => T;
  readonly config: ComponentConfig;
}

export interface ComponentConfig {
  readonly leaseSeconds: number;
  readonly nodeGraceMs: number;
  readonly watchWindow?: number | undefined;
  readonly published?: boolean | undefined;
}

export type ComponentKind = 'scheduler' | 'controller-manager';

const users: Readonly<Record<ComponentKind, User>> = {
  scheduler: { name: 'system:kube-scheduler', groups: ['system:authenticated'] },
  'controller-manager': {
    name: 'system:kube-controller-manager',
    groups: ['system:authenticated'],
  },
};

const accountUser = (account: string): User => ({
  name: `system:serviceaccount:kube-system:${account}`,
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
});

/** Longer than a run: a pod that may fit by now has to be noticed, and not looked at now and then. */
const unschedulableFlushMs = 3_600_000;

/** A certificate that nobody looks into. */
export const rootCa = 'simulated';

const service = { clusterIp: '127.96.0.1', port: 443 };

/** Where the master of that name says that it is reached: `m2` at 10.0.0.2. */
export const advertised = (master: string): string => `10.0.0.${master.replace(/\D/g, '')}:6443`;

/** Puts an API server into the process of a store's member, as a master has it. */
export function startApiServer(member: SimMember, { host, process }: Life, world: MasterWorld) {
  const { rng, links, logger, bug } = world;
  const { name, machine } = member;
  const own = createRng(rng.int(2 ** 31));
  const server = createApiServer({
    kv: host.clientFor(anonymous),
    clock: machine.time.clock(process),
    log: logger(`${name}/api`),
    rng: own,
    uuid: () => uuidFrom(own),
    // As `quorate master` has it.
    admission: { tolerationSeconds: 1 },
    watchWindow: world.config.watchWindow,
    ...(world.config.published && {
      kubernetesService: { ...service, advertise: advertised(name) },
    }),
  });
  links.listening.set(name, { machine: name, process, apiAs: (user) => server.apiAs(user) });
  process.whenKilled(() => {
    if (links.listening.get(name)?.process === process) links.listening.delete(name);
  });
  server.start().catch((thrown: unknown) => bug(`${name}/api`, thrown));
  return server;
}

/** A scheduler or a controller manager, over whatever is its way to the API. */
export function startComponent(
  kind: ComponentKind,
  process: SimProcess,
  machine: Machine,
  world: MasterWorld,
  apiAs: (user: User) => ApiClient,
): void {
  const { rng, logger, recorded } = world;
  const { leaseSeconds, nodeGraceMs } = world.config;
  const own = createRng(rng.int(2 ** 31));
  const identity = `${machine.name}_${uuidFrom(own)}`;
  const asking = { who: `${kind} ${identity}`, process, elected: true };
  const api = recorded(asking, apiAs(users[kind]));
  const common = {
    api,
    clock: machine.time.clock(process),
    log: logger(`${machine.name}/${kind}`),
    identity,
    rng: own,
  };
  const component =
    kind === 'scheduler'
      ? createScheduler({ ...common, config: { leaseSeconds, unschedulableFlushMs } })
      : createControllerManager({
          ...common,
          config: { leaseSeconds, nodeMonitorGracePeriodMs: nodeGraceMs },
          rootCa,
          apiFor: (account) => recorded(asking, apiAs(accountUser(account))),
        });
  void component.start();
}

/** A component in a process of its own, which finds its API server over the network. */
export class SimComponent {
  readonly kind: ComponentKind;
  readonly machine: Machine;
  readonly #world: MasterWorld;
  #process: SimProcess | undefined;

  constructor(kind: ComponentKind, machine: Machine, world: MasterWorld) {
    this.kind = kind;
    this.machine = machine;
    this.#world = world;
  }

  get process(): SimProcess | undefined {
    return this.#process;
  }

  start(): void {
    if (this.#process) return;
    const { links, newProcess, servers } = this.#world;
    const process = newProcess();
    this.#process = process;
    const { machine } = this;
    const clock = machine.time.clock(process);
    const apiAs = (user: User): ApiClient =>
      simApiClient(links, { machine: machine.name, process, user }, servers(), clock);
    startComponent(this.kind, process, machine, this.#world, apiAs);
  }

  kill(): void {
    this.#process?.kill();
    this.#process = undefined;
  }
}

/** RFC 4122's form, from the world's dice. */
export function uuidFrom(rng: Rng): string {
  const hex = Array.from({ length: 4 }, () =>
    rng
      .int(2 ** 31)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
