import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { AgentConfig } from './config.ts';
import type { Checkpoints } from './pods/checkpoints.ts';
import type { PodAccess } from './pods/pod-access.ts';
import type { ContainerRuntime } from './runtime/runtime.ts';
import type { ProjectionDeps } from './volumes/projections.ts';
import type { Volumes } from './volumes/volumes.ts';

/** A machine, in Kubernetes' words: GOOS and GOARCH. */
export interface Machine {
  readonly architecture: string;
  readonly operatingSystem: string;
  readonly osImage: string;
  readonly kernelVersion: string;
  readonly bootId: string;
  readonly machineId: string;
  readonly cpus: number;
  readonly memoryKib: number;
}

/** Where the ways into the pods are open. */
export interface PodsDoor {
  readonly port: number;
  close(): Promise<void>;
}

/** What the agent tells its host of itself. */
export interface HostParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: AgentConfig;
}

/** All that an agent touches of the computer it runs on. */
export interface AgentHost {
  machine(): Promise<Machine>;
  /** With the pods that an agent before this one has left. */
  openRuntime(parts: HostParts): Promise<ContainerRuntime>;
  checkpoints(parts: HostParts): Pick<Checkpoints, 'load' | 'save' | 'remove'>;
  openVolumes(deps: Pick<ProjectionDeps, 'objects' | 'tokens'>, parts: HostParts): Volumes;
  openDoor(pods: PodAccess, runtime: ContainerRuntime, parts: HostParts): Promise<PodsDoor>;
  /** Where volumes are made for claims; absent: nowhere on this computer. */
  readonly localStorage?: string | undefined;
  /** The environment that every container gets. */
  readonly baseEnvironment: Readonly<Record<string, string>>;
}
