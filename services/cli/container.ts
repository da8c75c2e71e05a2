import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GenericContainer } from 'testcontainers';
import { QuorateError } from '#shared/base';
import { systemClock } from '#shared/clock';
import type { LabPlan, RemoteLauncher } from '#shared/lab';
import { ownUser } from '#shared/runtime';
import { ensureCertificates } from './cluster/certificates.ts';
import { layOut, type Part, partsNamed } from './cluster/layout.ts';
import { clearReady, readReady, readyStep } from './cluster/readiness.ts';
import { ContainerNetwork } from './container-network.ts';
import { type Cluster, logFile, partDir, writeCluster } from './cluster/state.ts';

/** What `make image` builds. */
export const defaultImage = 'quorate:dev';

/** On everything a lab makes in the engine; its value is the lab's network. */
const label = 'quorate-lab';
const readyTimeoutMs = 120_000;
const freezeTimeoutMs = 10_000;
const pollMs = 50;

/**
 * Runs a lab's masters and workers as containers, one network for all of them, their files in the
 * lab's directory. Partitions cut that network; the other faults are set through the parts' fault planes,
 * whose sockets lie in the same directory. `testcontainers` is the user's to install, and loaded only here.
 */
export async function containerLauncher(
  image = defaultImage,
): Promise<(plan: LabPlan) => RemoteLauncher> {
  const library = await import('testcontainers').catch(
    missing("mode 'container' needs testcontainers: npm install --save-dev testcontainers"),
  );
  // Its reaper is an image from a registry; what a lab starts, `destroy` removes.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  const { container: engine } = await library
    .getContainerRuntimeClient()
    .catch(
      missing(
        "mode 'container' needs a Docker engine, and none answers: see $DOCKER_HOST; DEBUG='testcontainers*' says why",
      ),
    );
  const none = `the engine has no image ${image}: \`make image\` in the repository builds ${defaultImage}`;
  await engine.dockerode.getImage(image).inspect().catch(missing(none));
  return (plan) => new Containers(plan, image, engine.dockerode, library.GenericContainer);
}

const missing = (what: string) => (): never => {
  throw new QuorateError('failed-precondition', what);
};

type Docker = Awaited<
  ReturnType<typeof import('testcontainers').getContainerRuntimeClient>
>['container']['dockerode'];

interface Paused {
  /** Wakes it before its time. */
  readonly early: AbortController;
  readonly woken: Promise<void>;
}

class Containers implements RemoteLauncher {
  readonly hosts: ReadonlyMap<string, string>;
  readonly #cluster: Cluster;
  readonly #image: string;
  readonly #network: string;
  readonly #subnet: string;
  readonly #docker: Docker;
  readonly #GenericContainer: typeof GenericContainer;
  /** The engine's ids, by the names of the parts. */
  readonly #ids = new Map<string, string>();
  readonly #paused = new Map<string, Paused>();
  readonly #cuts: ContainerNetwork;

  constructor(plan: LabPlan, image: string, docker: Docker, container: typeof GenericContainer) {
    const { dataDir, masters, workers, slot } = plan;
    const { portOffset, podCidr, serviceCidr } = slot;
    // One subnet for each slot that a lab can have, so that labs live beside each other.
    const net = `10.189.${portOffset / 100}`;
    this.#subnet = `${net}.0/24`;
    this.#network = `quorate-lab-${portOffset}`;
    this.#image = image;
    this.#docker = docker;
    this.#GenericContainer = container;
    const local = layOut({ masters, workers, portOffset });
    this.hosts = new Map(local.map(({ name }, i) => [name, `${net}.${i + 10}`]));
    const parts = local.map((part) => at(part, this.hosts.get(part.name) ?? ''));
    const createdAt = new Date(systemClock.now()).toISOString();
    const faults = 'socket';
    const state = { version: 1, createdAt, podCidr, serviceCidr, parts, faults } as const;
    this.#cluster = { dir: dataDir, state };
    this.#cuts = new ContainerNetwork({
      hosts: this.hosts,
      fileFor: (name) => join(partDir(this.#cluster, name), 'unreached'),
      run: (name, program) => this.#run(name, program),
    });
  }

  async up(): Promise<void> {
    // The slot is ours: what has its name was left by a test run that was killed.
    await this.down();
    await this.#docker.createNetwork({
      Name: this.#network,
      Driver: 'bridge',
      Labels: { [label]: this.#network },
      IPAM: { Driver: 'default', Config: [{ Subnet: this.#subnet }] },
    });
    writeCluster(this.#cluster);
    const { parts } = this.#cluster.state;
    await ensureCertificates(this.#cluster, systemClock.now());
    await Promise.all(parts.map(({ name }) => this.#create(name)));
    await Promise.all(parts.map(({ name }) => this.#ready(name)));
  }

  async kill(names: readonly string[]): Promise<void> {
    await this.#each(names, async (container, name) => {
      await container.kill();
      this.#paused.get(name)?.early.abort();
    });
  }

  async stop(names: readonly string[]): Promise<void> {
    await this.#each(names, async (container) => {
      const { State } = await container.inspect();
      if (State.Running) await container.stop();
    });
  }

  async start(names: readonly string[]): Promise<void> {
    await this.#each(names, async (container, name) => {
      const { State } = await container.inspect();
      if (State.Running) return;
      clearReady(this.#cluster, name);
      await container.start();
      await this.#cuts.restore(name);
      await this.#follow(name);
      await this.#ready(name);
    });
  }

  async down(): Promise<void> {
    for (const { early } of this.#paused.values()) early.abort();
    const filters = { label: [`${label}=${this.#network}`] };
    const containers = await this.#docker.listContainers({ all: true, filters });
    const remove = { force: true, v: true };
    await Promise.all(containers.map(({ Id }) => this.#docker.getContainer(Id).remove(remove)));
    this.#ids.clear();
    const networks = await this.#docker.listNetworks({ filters });
    await Promise.all(networks.map(({ Id }) => this.#docker.getNetwork(Id).remove()));
  }

  partition(groups: readonly (readonly string[])[]): Promise<void> {
    return this.#cuts.partition(groups);
  }

  /** What is paused is woken first: nothing can be run in it before. */
  async mend(): Promise<void> {
    const paused = [...this.#paused.values()];
    for (const { early } of paused) early.abort();
    await Promise.all(paused.map(({ woken }) => woken));
    await this.#cuts.mend();
  }

  async pause(name: string, forMs: number): Promise<void> {
    if (!(forMs > 0)) {
      throw new QuorateError('bad-request', `a pause of ${forMs} ms: must be more than 0`);
    }
    if (this.#paused.has(name)) {
      throw new QuorateError('failed-precondition', `${name} is paused already`);
    }
    await this.#each([name], async (container) => {
      await this.#freeze(container);
      const early = new AbortController();
      const over = systemClock.sleep(forMs, early.signal).catch(() => undefined);
      this.#paused.set(name, { early, woken: over.then(() => this.#wake(name)) });
    });
  }

  /** The engine gives up on processes that are in the middle of a write, as they often are. */
  async #freeze(container: ReturnType<Docker['getContainer']>): Promise<void> {
    const until = systemClock.monotonic() + freezeTimeoutMs;
    for (;;) {
      try {
        return await container.pause();
      } catch (thrown) {
        const { State } = await container.inspect();
        if (!State.Running || systemClock.monotonic() > until) throw thrown;
      }
    }
  }

  async #wake(name: string): Promise<void> {
    const container = this.#docker.getContainer(this.#id(name));
    // Killed or removed in the meantime: nothing is left to be woken.
    await container.unpause().catch(() => undefined);
    this.#paused.delete(name);
    // What was cut while it could not be told.
    await this.#cuts.restore(name).catch(() => undefined);
  }

  async #create(name: string): Promise<void> {
    const [part] = partsNamed(this.#cluster.state.parts, [name]);
    const { dir } = this.#cluster;
    mkdirSync(partDir(this.#cluster, name), { recursive: true, mode: 0o700 });
    const ipv4 = this.hosts.get(name) ?? '';
    const network = this.#network;
    const { uid, gid } = ownUser();
    const Base = this.#GenericContainer;
    class Fixed extends Base {
      protected override beforeContainerCreated(): Promise<void> {
        const endpoint = { IPAMConfig: { IPv4Address: ipv4 } };
        // A process that is the first of its container cannot be stopped or killed from within.
        this.hostConfig.Init = true;
        this.createOpts.NetworkingConfig = { EndpointsConfig: { [network]: endpoint } };
        return Promise.resolve();
      }
    }
    const container = new Fixed(this.#image)
      .withPullPolicy({ shouldPull: () => 'never' })
      .withName(`${network}-${name}`)
      .withLabels({ [label]: network })
      .withNetworkMode(network)
      .withAddedCapabilities('NET_ADMIN')
      .withUser(`${uid}:${gid}`)
      .withBindMounts([{ source: dir, target: dir, mode: 'rw' }])
      .withCommand([part?.role ?? '', name, '--data-dir', dir]);
    this.#ids.set(name, (await container.start()).getId());
    await this.#follow(name);
  }

  /** The engine keeps the output of every run of a container: all of it is the part's log. */
  async #follow(name: string): Promise<void> {
    const container = this.#docker.getContainer(this.#id(name));
    const output = await container.logs({ follow: true, stdout: true, stderr: true });
    const file = createWriteStream(logFile(this.#cluster, name), { mode: 0o600 });
    container.modem.demuxStream(output, file, file);
    output.on('close', () => file.end());
  }

  /** By the file it reports in. */
  async #ready(name: string): Promise<void> {
    const until = systemClock.monotonic() + readyTimeoutMs;
    const container = this.#docker.getContainer(this.#id(name));
    while (!readReady(this.#cluster, name).includes(readyStep)) {
      const { State } = await container.inspect();
      if (!State.Running || systemClock.monotonic() > until) {
        const what = State.Running ? 'is not ready' : `ended with ${State.ExitCode} as it started`;
        const log = (await container.logs({ stdout: true, stderr: true, tail: 12 })).toString();
        throw new QuorateError('failed-precondition', `${name} ${what}:\n${log}`);
      }
      await systemClock.sleep(pollMs);
    }
  }

  /**
   * In the part's namespaces, as their root: who has the rights over the network that `#create` asks for.
   * What is paused is told when it wakes.
   */
  async #run(name: string, program: readonly string[]): Promise<void> {
    const container = this.#docker.getContainer(this.#id(name));
    const { State } = await container.inspect();
    if (!State.Running || State.Paused) return;
    const attach = { AttachStdout: true, AttachStderr: true };
    const Cmd = [...program];
    const exec = await container.exec({ Cmd, User: '0', ...attach });
    const output = (await (await exec.start({})).toArray()).join('');
    const { ExitCode } = await exec.inspect();
    if (ExitCode === 0) return;
    throw new QuorateError(
      'failed-precondition',
      `${program.join(' ')} in ${name} exited with ${ExitCode}: ${output.trim()}\n` +
        `An image for labs has the program \`${program[0]}\`: \`make image\` puts it there.`,
    );
  }

  #id(name: string): string {
    partsNamed(this.#cluster.state.parts, [name]);
    return this.#ids.get(name) ?? '';
  }

  async #each(
    names: readonly string[],
    act: (container: ReturnType<Docker['getContainer']>, name: string) => Promise<void>,
  ): Promise<void> {
    await Promise.all(names.map((name) => act(this.#docker.getContainer(this.#id(name)), name)));
  }
}

/** The same ports, on an address of its own. */
function at(part: Part, host: string): Part {
  const move = (address: string): string => address.replace(/^[^:]*/, host);
  if (part.role === 'worker') return { ...part, agent: move(part.agent) };
  const { client, peer, api, rest } = part;
  return { ...part, client: move(client), peer: move(peer), api: move(api), rest: move(rest) };
}
