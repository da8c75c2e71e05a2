import type { KubeObject } from '#shared/api';

/** One beat of a node; see proto/quorate/v1/nodes.proto. */
export interface Heartbeat {
  readonly node: string;
  readonly leaseDurationSeconds: number;
  /** A v1 NodeStatus where something changed. */
  readonly status?: object | undefined;
}

export interface HeartbeatResult {
  readonly renewTime: string;
  /** The Node object is gone: register again. */
  readonly unknownNode: boolean;
}

/** How a worker joins and stays. */
export interface NodeApi {
  /** Creates or takes over the Node; resolves with it as stored, podCIDR set. */
  registerNode<T extends KubeObject>(node: T): Promise<T>;
  /** Renews the node's lease. */
  heartbeat(beat: Heartbeat): Promise<HeartbeatResult>;
}
