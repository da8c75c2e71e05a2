/** What an operator may set. Times in milliseconds; the README has Kubernetes' values beside. */
export interface ControllerManagerConfig {
  /** The lead is lost without a renewal for this long. */
  readonly leaseSeconds: number;
  /** Between two looks at the nodes' heartbeats. */
  readonly nodeMonitorPeriodMs: number;
  /** A node that has not been heard of for this long is not ready. */
  readonly nodeMonitorGracePeriodMs: number;
  /** How long pods that say nothing else stay bound to a node that is not ready. */
  readonly podEvictionTimeoutMs: number;
  /** Between two looks for pods that nobody will ever end. */
  readonly podGcPeriodMs: number;
  /** How long a Job waits after its first failed pod; twice as long after each further one. */
  readonly jobBackoffMs: number;
  /** Between two looks at what the pods of an autoscaled workload use. */
  readonly autoscalerPeriodMs: number;
}

export const defaultControllerManagerConfig: ControllerManagerConfig = {
  leaseSeconds: 3,
  nodeMonitorPeriodMs: 500,
  nodeMonitorGracePeriodMs: 4_000,
  podEvictionTimeoutMs: 1_000,
  podGcPeriodMs: 2_000,
  jobBackoffMs: 1_000,
  autoscalerPeriodMs: 5_000,
};
