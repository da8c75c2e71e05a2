import type { Rng } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { ResponseHeader } from '#shared/mvcc';
import type { RaftNode } from '../consensus/node.ts';
import type { PeerTransport } from '../consensus/transport.ts';
import type { Counters } from '../metrics/counters.ts';
import type { StateMachine } from '../state/state-machine.ts';

import type { Digests } from './digests.ts';

/** What the parts that answer clients share. */
export interface Serving {
  readonly memberId: number;
  readonly clusterId: number;
  /** Both as clients know them. */
  readonly shown: { readonly memberId: bigint; readonly clusterId: bigint };
  readonly node: RaftNode;
  readonly state: StateMachine;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly digests: Digests;
  readonly counters: Counters;
  readonly limits: Limits;
  /** Gives leadership to the best follower, if this member leads and there is one. */
  handOver(): Promise<void>;
}

export interface Limits {
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
  readonly minLeaseTtlSeconds: number;
  /** For one request, as etcd counts it. */
  readonly requestTimeoutMs: number;
  readonly progressNotifyMs: number;
  readonly strictReconfigCheck: boolean;
  readonly maxLearners: number;
  /** Of live data; Infinity: none. */
  readonly quotaBytes: number;
}

/** The header of an answer that saw the store at `revision`. */
export function headerAt(serving: Serving, revision: number): ResponseHeader {
  return {
    ...serving.shown,
    revision,
    raftTerm: serving.node.term,
  };
}

export function headerNow(serving: Serving): ResponseHeader {
  return headerAt(serving, serving.state.mvcc.revision);
}
