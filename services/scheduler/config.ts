/** What an operator may set. Times in milliseconds. */
export interface SchedulerConfig {
  /** Pods that name another scheduler are left to it. */
  readonly schedulerName: string;
  /** The lead is lost without a renewal for this long. Kubernetes: 15. */
  readonly leaseSeconds: number;
  /** The pause after a pod's first failed attempt; doubles up to the maximum. As in Kubernetes. */
  readonly podInitialBackoffMs: number;
  readonly podMaxBackoffMs: number;
  /** An unschedulable pod is tried again after this long whatever happened. Kubernetes: 300,000. */
  readonly unschedulableFlushMs: number;
}

export const defaultSchedulerConfig: SchedulerConfig = {
  schedulerName: 'default-scheduler',
  leaseSeconds: 3,
  podInitialBackoffMs: 1_000,
  podMaxBackoffMs: 10_000,
  unschedulableFlushMs: 30_000,
};
