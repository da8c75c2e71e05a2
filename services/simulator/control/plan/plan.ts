import type { Fault, Plan } from '../../plan/plan.ts';

/** Something that is done to the parts above the store. What lasts ends after `forMs`. */
export type ControlFault = {
  readonly atMs: number;
} /** The store, and with a member its whole master: API server, scheduler, controllers. */ & (
  | { readonly kind: 'store'; readonly fault: Fault }
  /** Containers go on without their agent. */
  | { readonly kind: 'agent-kill'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'agent-pause'; readonly node: number; readonly forMs: number }
  /** Containers die as well. */
  | { readonly kind: 'node-power'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'node-slow'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'node-jump'; readonly node: number; readonly byMs: number }
  | {
      readonly kind: 'node-isolate';
      readonly node: number;
      readonly direction: 'in' | 'out' | 'both';
      readonly forMs: number;
    }
  | {
      readonly kind: 'node-cut';
      readonly node: number;
      readonly master: number;
      readonly forMs: number;
    }
  /** Schedulers and controller managers with processes of their own. */
  | { readonly kind: 'component-kill'; readonly component: number; readonly forMs: number }
  | { readonly kind: 'component-pause'; readonly component: number; readonly forMs: number }
  | {
      readonly kind: 'component-cut';
      readonly component: number;
      readonly master: number;
      readonly forMs: number;
    }
  | { readonly kind: 'component-isolate'; readonly component: number; readonly forMs: number }
  /** Whoever only watches. */
  | { readonly kind: 'onlooker-isolate'; readonly forMs: number }
  /** Every connection of one machine of all: what is under way on it is lost, answered or not. */
  | { readonly kind: 'reset'; readonly machine: number }
  /** Many calls of one machine of all break, or of all, before they arrive or before they are answered. */
  | { readonly kind: 'flaky'; readonly machine: number | 'all'; readonly forMs: number }
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
  | 'service'
  | 'budget'
  | 'count'
  | 'dependent'
  | 'list'
  | 'delete-workload'
  | 'delete-service'
  | 'delete-owner'
  | 'delete-pod'
  | 'force-delete'
  | 'recreate'
  | 'replace-owner'
  | 'relabel'
  | 'cordon'
  | 'uncordon'
  | 'taint'
  | 'untaint'
  | 'evict'
  | 'drain'
  | 'namespace';

/** A whole cluster: masters over a store of their own, workers, and users. */
export interface ControlPlan {
  readonly layers: 'cluster';
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
  readonly safetyMs: number;
  readonly faults: readonly ControlFault[];
  readonly clients: readonly (readonly UserStep[])[];
}
