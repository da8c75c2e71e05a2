import type { ContainerStatus } from '#services/agent';
import type { Change } from './objects.ts';

/** One promise of the parts above the store. Each method throws BrokenPromise where it is broken. */
export interface Checker {
  /** What it is called in findings. */
  readonly name: string;
  /** Of one revision, in order. */
  changed?(change: Change): void;
  /** A user removes this pod without waiting for its containers. */
  forced?(uid: string): void;
  /** What containers really do. */
  started?(node: string, container: ContainerStatus): void;
  exited?(node: string, container: ContainerStatus): void;
  /** Now and then. */
  tick?(nowMs: number): void;
  /** What can be said only at the end. */
  judge?(): void;
}
