import type { HouseStepKind } from '../users/housekeeper.ts';
import type { StorageStepKind } from '../users/storage.ts';
import type { Direction, Fault, Lasting, Plan } from '../../plan/plan.ts';

interface OnNode {
  node: number;
}

/** Schedulers and controller managers with processes of their own. */
interface OnComponent {
  component: number;
}

/**
 * Something that is done to the parts above the store, or to the store, and with a member to its whole
 * master: API server, scheduler, controllers.
 */
export type ControlFault = {
  readonly atMs: number;
} /** The store, and with a member its whole master: API server, scheduler, controllers. */ & (
  | { readonly kind: 'store'; readonly fault: Fault }
  /** `agent-kill`: its containers go on. `node-power`: they die as well. */
  | Lasting<'agent-kill' | 'agent-pause' | 'node-power' | 'node-slow', OnNode>
  | Lasting<'node-isolate', OnNode & { direction: Direction }>
  | Lasting<'node-cut', OnNode & { master: number }>
  | { readonly kind: 'node-jump'; readonly node: number; readonly byMs: number }
  /** The machine never comes back, whatever becomes of its Node object. */
  | { readonly kind: 'node-gone'; readonly node: number }
  | Lasting<'component-kill' | 'component-pause' | 'component-isolate', OnComponent>
  | Lasting<'component-cut', OnComponent & { master: number }>
  /** Whoever only watches. */
  | Lasting<'onlooker-isolate'>
  /** Every connection of one machine of all: what is under way on it is lost, answered or not. */
  | { readonly kind: 'reset'; readonly machine: number }
  /** Many calls of one machine of all break, or of all, before they arrive or before they are answered. */
  | Lasting<'flaky', { machine: number | 'all' }>
  /** What is answered to calls of one machine comes later, each answer by a time of its own. */
  | Lasting<'late-answers', { machine: number }>
  /** All history so far, so that who lags behind has to list again. */
  | { readonly kind: 'compact' }
);

export type ControlFaultKind = ControlFault['kind'];

/** What a user does, `afterMs` after what they did before has been answered. */
export interface UserStep {
  readonly afterMs: number;
  readonly kind: UserStepKind;
  /** Which object, and how, as the kind has it. */
  readonly pick: number;
}

export type UserStepKind =
  | 'deployment'
  | 'scale'
  | 'restart'
  | 'statefulset'
  | 'daemonset'
  | 'job'
  | 'suspend'
  | 'service'
  | 'budget'
  | 'count'
  | 'dependent'
  | 'list'
  | 'pages'
  | 'watch-past'
  | 'delete-workload'
  | 'delete-service'
  | 'delete-owner'
  | 'delete-pod'
  | 'force-delete'
  | 'recreate'
  | 'replace-owner'
  | 'replace-job'
  | 'relabel'
  /** One that nobody controls, held back at first or not. */
  | 'pod'
  /** All that are held back may go on. */
  | 'release'
  /** Priority classes of users. */
  | 'classes'
  | 'cordon'
  | 'uncordon'
  | 'taint'
  | 'untaint'
  | 'admit'
  | 'rezone'
  | 'evict'
  | 'drain'
  | 'delete-node'
  | 'namespace'
  | 'delete-namespace'
  | 'delete-seen'
  | 'quota'
  | 'cronjob'
  /** All CronJobs are told to make no more Jobs. */
  | 'rest'
  | 'server-side-apply'
  | HouseStepKind
  | StorageStepKind;

/** A whole cluster: masters over a store of their own, workers, and users. */
export interface ControlPlan {
  readonly layers: 'cluster';
  /** Absent: any other. */
  readonly pace?: 'calm';
  readonly seed: number;
  /** Without faults and clients: they are below. */
  readonly store: Plan;
  readonly nodes: number;
  /** Of each node: what the scheduler can fill up. */
  readonly cpus: number;
  /** Pairs of schedulers and controller managers in processes of their own; 0: as part of masters. */
  readonly components: number;
  readonly leaseSeconds: number;
  /** A node that is silent for this long is not ready. */
  readonly nodeGraceMs: number;
  /** Streams are up to this much slower than calls, each by itself: clients do not see yet what they have just written. */
  readonly watchLagMs: number;
  /** So many changes of each kind servers remember for who was away; absent: as production has it. */
  readonly watchWindow?: number;
  /** API servers say where they are, by the Service `kubernetes`. */
  readonly published?: boolean;
  /** Workers have a place for volumes. */
  readonly volumes?: boolean;
  readonly safetyMs: number;
  readonly faults: readonly ControlFault[];
  readonly clients: readonly (readonly UserStep[])[];
}
