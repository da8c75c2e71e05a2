import type { Container, Pod } from '#shared/api';
import type { DownwardContext } from '../pods/downward.ts';
import type { Mount } from '../runtime/runtime.ts';

/** Where the volumes of a pod are on the host, by their names. */
export type VolumePaths = ReadonlyMap<string, string>;

export interface VolumeFailure {
  readonly volume: string;
  readonly message: string;
}

export interface SetUp {
  readonly paths: VolumePaths;
  /** Volumes that cannot be had now, and were not there before. */
  readonly failures: readonly VolumeFailure[];
  /** When something has to be looked at again, from now. */
  readonly refreshMs: number | undefined;
}

/** The volumes of a node's pods. They outlive the agent. */
export interface Volumes {
  /** Brings every volume of a pod up to date. */
  setUp(context: DownwardContext): Promise<SetUp>;
  /** A container's mounts. Throws `invalid` where one cannot be what the manifest says. */
  mounts(
    pod: Pod,
    container: Container,
    paths: VolumePaths,
    env: Readonly<Record<string, string>>,
  ): Mount[];
  remove(podUid: string): Promise<void>;
  /** What an agent that died has not removed. */
  removeOthers(podUids: ReadonlySet<string>): Promise<void>;
  close(): Promise<void>;
}
