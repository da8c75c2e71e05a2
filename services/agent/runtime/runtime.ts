import type { Socket } from 'node:net';
import type { CommandOptions, ExecOptions, RunningCommand } from '#shared/client';

/**
 * The container runtime as the agent uses it: the words and the life cycles of CRI v1
 * (RuntimeService), cut down to what pods need here. Sandboxes and containers outlive the agent;
 * everything is looked up by what the runtime itself has recorded.
 */
export interface ContainerRuntime {
  /** How container ids are prefixed in a pod's status: `process://…`. */
  readonly name: string;
  /** CRI UpdateRuntimeConfig: where sandboxes get their addresses from. */
  updateRuntimeConfig(config: RuntimeConfig): void;
  /** Creates the sandbox of a pod, or answers with the one that exists. */
  runPodSandbox(config: PodSandboxConfig): Promise<PodSandbox>;
  /** Gives up a sandbox and all that is recorded of its containers, which must have exited. */
  removePodSandbox(podSandboxId: string): Promise<void>;
  listPodSandboxes(): Promise<readonly PodSandbox[]>;
  /** Records a container attempt, ready to be started. The id says pod, name and attempt. */
  createContainer(podSandboxId: string, config: ContainerConfig): Promise<string>;
  /** At most once for every container, whoever asks, how often, and whatever dies in between. */
  startContainer(containerId: string): Promise<void>;
  /**
   * SIGTERM now, SIGKILL after the grace period; resolves when the container has exited. A second
   * call can only bring the end forward.
   */
  stopContainer(containerId: string, graceMs: number): Promise<void>;
  /** An exited container's record and logs. */
  removeContainer(containerId: string): Promise<void>;
  /** Every attempt on record, the oldest first. */
  listContainers(podSandboxId: string): Promise<readonly ContainerStatus[]>;
  containerStatus(containerId: string): Promise<ContainerStatus>;
  /** Runs a command beside a running container, in its environment. */
  execSync(containerId: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>;
  /**
   * Runs a command beside a running container, with streams. It ends with the container at the latest;
   * when its client leaves, it hears of that as of a closed terminal (SIGHUP).
   */
  exec(containerId: string, options: ExecOptions): Promise<RunningCommand>;
  /** The input and output of a running container's own process. */
  attach(containerId: string, options: CommandOptions): Promise<RunningCommand>;
  /** A connection to a port on the pod's address. */
  portForward(podSandboxId: string, port: number): Promise<Socket>;
  containerLog(containerId: string, options: ContainerLogOptions): AsyncIterable<Uint8Array>;
  /** Counters of the containers that run. */
  listContainerStats(): Promise<readonly ContainerStats[]>;
  /** CRI GetContainerEvents: called with the sandbox id when one of its containers has ended. */
  onContainerExit(listener: (podSandboxId: string) => void): void;
  /** Lets go of everything, and leaves containers as they are. */
  close(): Promise<void>;
}

export interface RuntimeConfig {
  /** An IPv4 /24 such as `127.64.1.0/24`. */
  readonly podCidr: string;
}

export interface PodSandboxConfig {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Set: the pod shares the host's address and takes none from the pod CIDR. */
  readonly hostIp?: string | undefined;
}

export interface PodSandbox extends PodSandboxConfig {
  /** The pod's uid. */
  readonly id: string;
  readonly ip: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface ContainerConfig {
  readonly name: string;
  /** 0, then one more for each restart. */
  readonly attempt: number;
  readonly image: string;
  /** Entrypoint and arguments; not empty. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir?: string | undefined;
  /** Absent: the host's. Where none can be given, `HOSTNAME` of the environment says it. */
  readonly hostname?: string | undefined;
  /** It has an input that clients can attach to; otherwise there is nothing to read. */
  readonly stdin?: boolean | undefined;
  /** The input ends with the first client that leaves. */
  readonly stdinOnce?: boolean | undefined;
  readonly tty?: boolean | undefined;
  readonly mounts?: readonly Mount[] | undefined;
}

/** A file or folder of the host at a place in the container. */
export interface Mount {
  readonly hostPath: string;
  /** Absolute and without `..`. */
  readonly containerPath: string;
  readonly readOnly: boolean;
}

export type ContainerState = 'created' | 'running' | 'exited';

export interface ContainerStatus {
  readonly id: string;
  readonly podSandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly state: ContainerState;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  /** 128 + signal number where a signal ended it. */
  readonly exitCode?: number | undefined;
  readonly signal?: number | undefined;
  /** Kubernetes' reason: Completed, Error, StartError, ContainerStatusUnknown. */
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

export interface ContainerStats {
  readonly id: string;
  readonly podSandboxId: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Since its start. */
  readonly cpuNanos: number;
  readonly memoryBytes: number;
}

export interface ExecResult {
  readonly exitCode: number;
  /** Standard output and error, at most 10 KiB, as probes report them. */
  readonly output: string;
  readonly timedOut: boolean;
}

export interface ContainerLogOptions {
  readonly follow?: boolean | undefined;
  readonly tailLines?: number | undefined;
  readonly limitBytes?: number | undefined;
  readonly sinceTimeMs?: number | undefined;
  readonly timestamps?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}
