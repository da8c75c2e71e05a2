import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import { toStatus } from '#shared/rpc';
import { anonymous, type Caller } from '../auth/caller.ts';
import type { Authority } from '../auth/authority.ts';
import { isOldRevision } from '../auth/errors.ts';
import { storeErrors } from '../errors.ts';
import { membershipErrors } from '../member/membership-errors.ts';
import type { CallerOf, Identified } from './callers.ts';

/** What is asked before a call is let in. */
export interface Gate {
  hasLeader(): boolean;
  /** Calls `end` once, when this member has had none for a few elections; the result forgets that. */
  untilLeaderLost(end: () => void): () => void;
  isLearner(): boolean;
  readonly callerOf: CallerOf;
  readonly authority: () => Authority;
}

/** Clients that set `hasleader` would rather fail than wait for an election (etcd's contract). */
function requiresLeader(metadata: Metadata): boolean {
  return metadata.get('hasleader')[0] === 'true';
}

type StreamCall = NodeJS.EventEmitter & { readonly metadata: Metadata };

/** Whether a stream may begin. One that requires a leader ends when that is lost, as in etcd. */
export function admitStream(gate: Gate, call: StreamCall): boolean {
  if (gate.isLearner()) {
    call.emit('error', toStatus(membershipErrors.notForLearners()));
    return false;
  }
  if (!requiresLeader(call.metadata)) return true;
  const fail = (): void => {
    call.emit('error', toStatus(storeErrors.noLeader()));
  };
  if (!gate.hasLeader()) {
    fail();
    return false;
  }
  const forget = gate.untilLeaderLost(fail);
  for (const end of ['cancelled', 'error', 'close', 'finish']) call.once(end, forget);
  return true;
}

/**
 * Does one thing on behalf of whoever calls; once more, where meanwhile the table of users changed by which
 * they were known. `act` does all of it or, where it says so, nothing: what is done in steps asks for each of them.
 */
export async function onBehalf<T>(
  gate: Pick<Gate, 'callerOf'>,
  call: Identified,
  act: (caller: Caller) => T | Promise<T>,
  caller: Caller | Promise<Caller> = gate.callerOf(call),
): Promise<T> {
  try {
    return await act(await caller);
  } catch (thrown) {
    if (!isOldRevision(thrown)) throw thrown;
    // By now this member knows the new table.
    return act(await gate.callerOf(call));
  }
}

export interface Rules<Req> {
  /** What a learner serves: nothing but its status and reads that may be stale (etcd's contract). */
  readonly forLearners?: (request: Req) => boolean;
  /**
   * Who may call at all while auth is enabled; absent: the method itself says. `nobody`: not even a
   * token that is no good is looked at.
   */
  readonly needs?: 'admin' | 'user' | 'nobody';
}

export function gated<Req, Res>(
  gate: Gate,
  fn: (request: Req, caller: Caller, call: ServerUnaryCall<Req, Res>) => Promise<Res>,
  { forLearners, needs }: Rules<Req> = {},
): (request: Req, call: ServerUnaryCall<Req, Res>) => Promise<Res> {
  return (request, call) => {
    if (gate.isLearner() && !forLearners?.(request)) {
      return Promise.reject(membershipErrors.notForLearners());
    }
    // The metadata is made when it is first asked for.
    if (!gate.hasLeader() && requiresLeader(call.metadata)) {
      return Promise.reject(storeErrors.noLeader());
    }
    if (needs === 'nobody') return fn(request, anonymous, call);
    const caller = gate.callerOf(call);
    if (needs === undefined && caller === anonymous) return fn(request, anonymous, call);
    return onBehalf(
      gate,
      call,
      (known) => {
        if (needs === 'admin') gate.authority().checkAdmin(known);
        else if (needs === 'user') gate.authority().checkKnown(known);
        return fn(request, known, call);
      },
      caller,
    );
  };
}
