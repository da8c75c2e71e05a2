import { createWriteStream, mkdirSync } from 'node:fs';
import type { GenericContainer } from 'testcontainers';
import { QuorateError } from '#shared/base';
import { systemClock } from '#shared/clock';
import type { LabPlan, RemoteLauncher } from '#shared/lab';
import { ensureCertificates } from './cluster/certificates.ts';
import { layOut, type Part, partsNamed } from './cluster/layout.ts';
import { clearReady, readReady, readyStep } from './cluster/readiness.ts';
import { type Cluster, logFile, partDir, writeCluster } from './cluster/state.ts';

/** What `make image` builds. */
export const defaultImage = 'quorate:dev';

/** On everything a lab makes in the engine; its value is the lab's network. */
const label = 'quorate-lab';
const readyTimeoutMs = 60_000;
const pollMs = 50;
/** The process is the first, and the only one we start, in its container. */
const pid = 1;

/**
 * Runs a lab's masters and workers as containers, one network for all of them, their files in the
 * lab's directory. A partition takes a container off the network: nothing reaches it any more, the
 * test's clients included. `testcontainers` is the user's to install, and loaded only here.
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
    .catch(missing("mode 'container' needs a Docker engine, and none answers: see $DOCKER_HOST"));
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
  readonly #cut = new Set<string>();

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
    const state = { version: 1, createdAt, podCidr, serviceCidr, parts } as const;
    this.#cluster = { dir: dataDir, state };
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
    await this.#each(names, async (container) => void (await container.kill()));
  }

  async stop(names: readonly string[]): Promise<void> {
    await this.#each(names, async (container) => void (await container.stop()));
  }

  async start(names: readonly string[]): Promise<void> {
    await this.#each(names, async (container, name) => {
      clearReady(this.#cluster, name);
      await container.start();
      await this.#follow(name);
      await this.#ready(name);
    });
  }

  async down(): Promise<void> {
    const filters = { label: [`${label}=${this.#network}`] };
    const containers = await this.#docker.listContainers({ all: true, filters });
    const remove = { force: true, v: true };
    await Promise.all(containers.map(({ Id }) => this.#docker.getContainer(Id).remove(remove)));
    this.#ids.clear();
    const networks = await this.#docker.listNetworks({ filters });
    await Promise.all(networks.map(({ Id }) => this.#docker.getNetwork(Id).remove()));
  }

  /** Who is in no group is one more group; all groups but the largest must be of one part each. */
  async partition(groups: readonly (readonly string[])[]): Promise<void> {
    const named = new Set(groups.flat());
    partsNamed(this.#cluster.state.parts, [...named]);
    const others = [...this.hosts.keys()].filter((name) => !named.has(name));
    const [, ...small] = [...groups, others].toSorted((a, b) => b.length - a.length);
    if (small.some(({ length }) => length > 1)) {
      throw new QuorateError(
        'invalid',
        "mode 'container' cuts single parts off the network: all groups but the largest have one member",
      );
    }
    await Promise.all(small.flat().map((name) => this.#disconnect(name)));
  }

  async heal(): Promise<void> {
    await Promise.all([...this.#cut].map((name) => this.#connect(name)));
  }

  async pause(name: string, forMs: number): Promise<void> {
    await this.#each([name], async (container) => {
      await container.pause();
      const unpause = async (): Promise<void> => {
        await systemClock.sleep(forMs);
        await container.unpause();
      };
      // Killed or removed in the meantime: nothing is left to be woken.
      void unpause().catch(() => undefined);
    });
  }

  async #create(name: string): Promise<void> {
    const [part] = partsNamed(this.#cluster.state.parts, [name]);
    const { dir } = this.#cluster;
    mkdirSync(partDir(this.#cluster, name), { recursive: true, mode: 0o700 });
    const ipv4 = this.hosts.get(name) ?? '';
    const network = this.#network;
    const Base = this.#GenericContainer;
    class Fixed extends Base {
      protected override beforeContainerCreated(): Promise<void> {
        const endpoint = { IPAMConfig: { IPv4Address: ipv4 } };
        this.createOpts.NetworkingConfig = { EndpointsConfig: { [network]: endpoint } };
        return Promise.resolve();
      }
    }
    const container = new Fixed(this.#image)
      .withPullPolicy({ shouldPull: () => 'never' })
      .withName(`${network}-${name}`)
      .withLabels({ [label]: network })
      .withNetworkMode(network)
      .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`)
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
    while (!readReady(this.#cluster, name, pid).includes(readyStep)) {
      const { State } = await container.inspect();
      if (!State.Running || systemClock.monotonic() > until) {
        const what = State.Running ? 'is not ready' : `ended with ${State.ExitCode} as it started`;
        const log = (await container.logs({ stdout: true, stderr: true, tail: 12 })).toString();
        throw new QuorateError('failed-precondition', `${name} ${what}:\n${log}`);
      }
      await systemClock.sleep(pollMs);
    }
  }

  async #disconnect(name: string): Promise<void> {
    if (this.#cut.has(name)) return;
    this.#cut.add(name);
    const Container = this.#id(name);
    await this.#docker.getNetwork(this.#network).disconnect({ Container, Force: true });
  }

  async #connect(name: string): Promise<void> {
    const EndpointConfig = { IPAMConfig: { IPv4Address: this.hosts.get(name) ?? '' } };
    const Container = this.#id(name);
    await this.#docker.getNetwork(this.#network).connect({ Container, EndpointConfig });
    this.#cut.delete(name);
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
