import { type Answer, type Call, inRange, type KnownKv, type Operation } from '../history.ts';

/*
 * The definition of linearizability, written down with no thought of speed and apart from the real
 * checker: every order that real time allows, every subset of the unknown operations, one small
 * store. For histories of a handful of single-key operations.
 */

interface State {
  readonly revision: number;
  readonly keys: ReadonlyMap<string, Required<KnownKv>>;
}

/** `initialRevision` undefined: others may write to other keys at any time. */
export function bruteForce(
  operations: readonly Operation[],
  initialRevision: number | undefined,
): boolean {
  const live = operations.filter(({ outcome }) => outcome !== 'failed');
  const foreign = initialRevision === undefined;
  const highest = Math.max(1, ...live.map(({ answer }) => answer?.revision ?? 0)) + 1;
  const first: State = { revision: initialRevision ?? 0, keys: new Map() };
  const tryFrom = (left: readonly Operation[], state: State): boolean => {
    if (left.every(({ outcome }) => outcome === 'unknown')) return true;
    for (const operation of left) {
      const tooEarly = left.some(
        (other) =>
          other !== operation &&
          other.outcome === 'ok' &&
          (other.returnedMs ?? Infinity) < operation.invokedMs,
      );
      if (tooEarly) continue;
      const rest = left.filter((other) => other !== operation);
      const jumps = foreign ? highest - state.revision : 0;
      for (let jump = 0; jump <= jumps; jump++) {
        const next = step({ ...state, revision: state.revision + jump }, operation);
        if (next && tryFrom(rest, next)) return true;
      }
    }
    return false;
  };
  return tryFrom(live, first);
}

/** The state afterwards; undefined where the answer would have been another. */
function step(state: State, { call, answer, outcome }: Operation): State | undefined {
  const [next, mine] = carryOut(state, call);
  if (outcome === 'unknown') return next;
  const told = answer ?? {};
  if (told.revision !== undefined && told.revision !== next.revision) return undefined;
  const view = (given: Answer): string =>
    JSON.stringify([given.kvs, given.deleted, given.succeeded].map((part) => part ?? null));
  return view(told) === view(mine) ? next : undefined;
}

function carryOut(state: State, call: Call): [State, Answer] {
  const keys = new Map(state.keys);
  const revision = state.revision + 1;
  switch (call.type) {
    case 'range': {
      const { rangeEnd } = call;
      const wanted = [...keys.values()].filter(({ key }) => inRange(key, call.key, rangeEnd));
      return [state, { kvs: wanted.sort((a, b) => (a.key < b.key ? -1 : 1)) }];
    }
    case 'put': {
      const old = keys.get(call.key);
      const version = (old?.version ?? 0) + 1;
      const create = old?.create ?? revision;
      keys.set(call.key, {
        key: call.key,
        value: call.value,
        create,
        mod: revision,
        version,
        lease: '0',
      });
      return [{ revision, keys }, {}];
    }
    case 'delete': {
      const had = keys.delete(call.key);
      return [had ? { revision, keys } : state, { deleted: had ? 1 : 0 }];
    }
    case 'txn': {
      const holds = call.compare.every(({ key, operand }) => (keys.get(key)?.mod ?? 0) === operand);
      const [op] = holds ? call.success : call.failure;
      return [op ? carryOut(state, op)[0] : state, { succeeded: holds }];
    }
    case 'compact':
    case 'lease-grant':
    case 'lease-revoke':
    default:
      throw new Error(`no ${call.type} here`);
  }
}
