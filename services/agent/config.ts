/** What can be set of an agent. Durations are milliseconds. */
export interface AgentConfig {
  /** Beats to the API server (kubelet: 10 s; here a lost node shows within seconds). */
  readonly heartbeatMs: number;
  /** How long the node's Lease lasts without a beat (kubelet: 40 s). */
  readonly leaseSeconds: number;
  /** The node's status is sent at least this often (kubelet: 5 min). */
  readonly statusMs: number;
  /** The pause before a container's second restart, doubled each time (kubelet: 10 s). */
  readonly restartBackoffMs: number;
  /** Kubelet: 5 min. */
  readonly restartBackoffMaxMs: number;
  /** A container that ran for this long starts over with its pauses (kubelet: 10 min). */
  readonly restartBackoffResetMs: number;
  /** Kubelet's containerLogMaxSize: 10 MiB. */
  readonly logMaxBytes: number;
  /** Kubelet's containerLogMaxFiles: 5. */
  readonly logMaxFiles: number;
  /** How often logs are measured (kubelet: 10 s). */
  readonly logCheckMs: number;
  /** How often containers are looked at whose end nothing reports (kubelet: 1 s). */
  readonly relistMs: number;
  /** Capacity in pods (kubelet: 110). */
  readonly podsMax: number;
  /** The address that is this node's InternalIP, and its pods' host IP. */
  readonly nodeAddress: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `off`: nothing is mounted; containers find their volumes below $QUORATE_ROOT. */
  readonly mounts: 'auto' | 'off';
  /** End the pods with the agent, gracefully; otherwise they stay, and the next agent adopts them. */
  readonly stopPodsOnExit: boolean;
}

export const defaultAgentConfig: AgentConfig = {
  heartbeatMs: 1_000,
  leaseSeconds: 5,
  statusMs: 10_000,
  restartBackoffMs: 1_000,
  restartBackoffMaxMs: 300_000,
  restartBackoffResetMs: 600_000,
  logMaxBytes: 10 * 1024 * 1024,
  logMaxFiles: 5,
  logCheckMs: 10_000,
  relistMs: 1_000,
  podsMax: 110,
  nodeAddress: '127.0.0.1',
  labels: {},
  mounts: 'auto',
  stopPodsOnExit: false,
};
