import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import { storeErrors } from '../errors.ts';
import { membershipErrors } from '../member/membership-errors.ts';

/** What is asked before a call is let in. */
export interface Gate {
  /** False once this member has had no leader for a few elections. */
  hasLeader(): boolean;
  isLearner(): boolean;
}

/** Clients that set `hasleader` would rather fail than wait for an election (etcd's contract). */
export function requiresLeader(metadata: Metadata): boolean {
  return metadata.get('hasleader')[0] === 'true';
}

/** What a learner serves: nothing but its status and reads that may be stale (etcd's contract). */
type ForLearners<Req> = (request: Req) => boolean;

export function gated<Req, Res>(
  gate: Gate,
  fn: (request: Req) => Promise<Res>,
  forLearners: ForLearners<Req> = () => false,
): (request: Req, call: ServerUnaryCall<Req, Res>) => Promise<Res> {
  return (request, call) => {
    if (gate.isLearner() && !forLearners(request)) {
      return Promise.reject(membershipErrors.notForLearners());
    }
    if (requiresLeader(call.metadata) && !gate.hasLeader()) {
      return Promise.reject(storeErrors.noLeader());
    }
    return fn(request);
  };
}
