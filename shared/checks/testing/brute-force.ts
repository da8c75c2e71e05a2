import {
  type Answer,
  type Call,
  type Condition,
  inRange,
  type KnownKv,
  type Operation,
} from '../history.ts';

/*
 * The definition of linearizability, written down with no thought of speed and apart from the real
 * checker: every order that real time allows, every subset of the unknown operations, one small
 * store. For histories of a handful of operations.
 */

export interface State {
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
  return view(told) === view(mine) ? next : undefined;
}

const view = ({ kvs, deleted, succeeded, answers }: Answer): string =>
  JSON.stringify([kvs, deleted, succeeded, answers?.map(view)].map((part) => part ?? null));

/** The state afterwards, and the answer. */
export function carryOut(state: State, call: Call): [State, Answer] {
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
      const succeeded = call.compare.every((condition) => holds(state, condition));
      let after = state;
      const answers = (succeeded ? call.success : call.failure).map((op) => {
        // All of a transaction's writes have one revision.
        const [next, answer] = carryOut({ ...after, revision: state.revision }, op);
        after = { keys: next.keys, revision: Math.max(after.revision, next.revision) };
        return answer;
      });
      return [after, { succeeded, answers }];
    }
    case 'compact':
    case 'lease-grant':
    case 'lease-revoke':
    default:
      throw new Error(`no ${call.type} here`);
  }
}

function holds({ keys }: State, { key, target, result, operand }: Condition): boolean {
  const kv = keys.get(key);
  if (!kv && target === 'value') return false;
  const actual = kv?.[target] ?? 0;
  if (result === 'equal') return actual === operand;
  if (result === 'not-equal') return actual !== operand;
  return result === 'greater' ? actual > operand : actual < operand;
}
