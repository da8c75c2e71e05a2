import type { Operation } from '#shared/checks';
import type { SimMember } from '../cluster/member.ts';
import type { Network } from '../world/network.ts';
import type { SimProcess } from '../world/process.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { LeaseBook } from './leases.ts';
import type { Recorder } from './recorder.ts';

/** What clients live in. */
export interface ClientWorld {
  readonly scheduler: Scheduler;
  readonly network: Network;
  /** Where clients run: they never fail. */
  readonly process: SimProcess;
  readonly recorder: Recorder;
  readonly leases: LeaseBook;
  /** Of users, by name. */
  readonly passwords: Map<string, string>;
  readonly members: () => readonly SimMember[];
  /** A member that could answer did not. */
  readonly unanswered: (operation: Operation) => void;
  /** A member threw what is no answer. */
  readonly bug: (member: string, thrown: unknown) => void;
}
