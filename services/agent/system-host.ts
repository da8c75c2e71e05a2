import { mkdir, readFile } from 'node:fs/promises';
import { arch, availableParallelism, platform, release, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type PodsListen, PodsServer } from './grpc/pods-service.ts';
import type { AgentHost, HostParts, Machine, PodsDoor } from './host.ts';
import { httpServer } from './http/serve.ts';
import { Checkpoints } from './pods/checkpoints.ts';
import type { PodAccess } from './pods/pod-access.ts';
import { prettyName } from './node/os-image.ts';
import { createProcessRuntime } from './runtime/process/process-runtime.ts';
import type { ContainerRuntime } from './runtime/runtime.ts';
import { agentMetrics } from './stats/metrics.ts';
import { UsageMeter } from './stats/usage-meter.ts';
import { PodVolumes } from './volumes/pod-volumes.ts';

export interface SystemHostOptions {
  /** The agent's own folder: pods, their logs, and what the next agent must know. */
  readonly dataDir: string;
  /** Where quorate.v1.Pods is served. */
  readonly listen: PodsListen;
  /** The part of the host's environment that containers get: PATH, HOME. */
  readonly hostEnvironment: Readonly<Record<string, string | undefined>>;
  /** The program that runs this: its folder ends every container's PATH, so that `node` is found. */
  readonly execPath: string;
}

/** The computer that this process runs on. */
export function systemHost(options: SystemHostOptions): AgentHost {
  const { dataDir, listen } = options;
  return {
    machine,
    async openRuntime({ clock, log, config }: HostParts) {
      await mkdir(dataDir, { recursive: true, mode: 0o700 });
      return createProcessRuntime({
        podsDir: join(dataDir, 'pods'),
        clock,
        log,
        logLimits: { maxBytes: config.logMaxBytes, maxFiles: config.logMaxFiles },
        logCheckMs: config.logCheckMs,
        relistMs: config.relistMs,
        mounts: config.mounts,
      });
    },
    checkpoints: ({ log }) => new Checkpoints(join(dataDir, 'manifests'), log),
    openVolumes: (deps, { clock }) =>
      new PodVolumes({ ...deps, folder: join(dataDir, 'volumes'), clock }),
    openDoor: (pods, runtime, parts) => openDoor(listen, pods, runtime, parts),
    localStorage: resolve(dataDir, 'local-storage'),
    baseEnvironment: baseEnvironment(options),
  };
}

/** Nothing else of the host's environment gets into a container. */
function baseEnvironment({
  hostEnvironment,
  execPath,
}: SystemHostOptions): Readonly<Record<string, string>> {
  const path = hostEnvironment['PATH'] || '/usr/local/bin:/usr/bin:/bin';
  const home = hostEnvironment['HOME'] || '/';
  return { PATH: `${path}:${dirname(execPath)}`, HOME: home, TMPDIR: '/tmp' };
}

async function openDoor(
  listen: PodsListen,
  pods: PodAccess,
  runtime: ContainerRuntime,
  { clock, log }: HostParts,
): Promise<PodsDoor> {
  const meter = new UsageMeter(runtime, clock, log);
  const server = new PodsServer(
    pods,
    meter,
    httpServer(() => agentMetrics(runtime), log),
  );
  const close = async (): Promise<void> => {
    meter.stop();
    await server.stop();
  };
  try {
    return { port: await server.listen(listen), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Kubernetes' names of the machine: GOOS and GOARCH. */
const goArch: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

async function machine(): Promise<Machine> {
  return {
    architecture: goArch[arch()] ?? arch(),
    operatingSystem: platform(),
    osImage: prettyName(await contentOf('/etc/os-release')) ?? platform(),
    kernelVersion: release(),
    bootId: await contentOf('/proc/sys/kernel/random/boot_id'),
    machineId: await contentOf('/etc/machine-id'),
    cpus: availableParallelism(),
    memoryKib: Math.floor(totalmem() / 1024),
  };
}

/** Empty where the system has no such file. */
async function contentOf(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return '';
  }
}
