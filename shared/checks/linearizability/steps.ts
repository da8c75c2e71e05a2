import { assertNever } from '#shared/base';
import type { Answer, Call, Condition, Operation, TxnCall } from '../history.ts';
import { inRange } from '../history.ts';

/**
 * One operation as the search sees it. Where its revision is known its place among the others with
 * a known one is forced; else it `floats`.
 */
export interface Step {
  readonly operation: Operation;
  readonly call: Call;
  /** What was told; undefined where nothing was. */
  readonly answer: Answer | undefined;
  readonly invokedMs: number;
  /** Infinity: may take effect at any later time. */
  readonly returnedMs: number;
  /** Of a write the revision it made, of a read the one it saw. */
  readonly revision: number | undefined;
  readonly writes: boolean;
  /** Has certainly happened. */
  readonly required: boolean;
  readonly touches: (key: string) => boolean;
  /** Keys named one by one. */
  readonly keys: readonly string[];
  /** Of one that floats: the revisions that it may have by what was seen, the likeliest first. */
  hints: readonly number[];
  /** Of one that floats: the least revision it can have, because those below were seen before it began. */
  notBefore: number;
}

/** Steps of everything that happened or may have. */
export function stepsOf(operations: readonly Operation[]): Step[] {
  const steps: Step[] = [];
  for (const operation of operations) {
    const { call, outcome } = operation;
    if (outcome === 'failed' || call.type === 'compact' || call.type === 'lease-grant') continue;
    const known = outcome === 'ok';
    const answer = known ? operation.answer : undefined;
    const writes = known && answer ? wrote(call, answer) : mayWrite(call);
    // What may have happened and would have changed nothing need not be looked at.
    if (!known && !writes) continue;
    const stale = call.type === 'range' && call.serializable === true;
    steps.push({
      operation,
      call,
      answer,
      invokedMs: stale ? -Infinity : operation.invokedMs,
      returnedMs: known ? (operation.returnedMs ?? Infinity) : Infinity,
      revision: call.type === 'lease-revoke' ? undefined : answer?.revision,
      writes,
      required: known,
      hints: [],
      notBefore: 0,
      ...footprint(call),
    });
  }
  return [...steps, ...leaseEnds(operations)];
}

/** Every lease that keys hang on may end at any time once it may be there. */
function leaseEnds(operations: readonly Operation[]): Step[] {
  const since = new Map<string, Operation>();
  for (const operation of operations) {
    if (operation.outcome === 'failed') continue;
    for (const { lease } of writesIn(operation.call)) {
      if (lease === undefined || lease === '0') continue;
      const first = since.get(lease);
      if (!first || operation.invokedMs < first.invokedMs) since.set(lease, operation);
    }
  }
  return [...since].map(([lease, { invokedMs }]) => {
    const call: Call = { type: 'lease-revoke', lease };
    return {
      operation: { client: -1, call, invokedMs, outcome: 'unknown', error: 'the lease may expire' },
      call,
      answer: undefined,
      invokedMs,
      returnedMs: Infinity,
      revision: undefined,
      writes: true,
      required: false,
      hints: [],
      notBefore: 0,
      ...footprint(call),
    };
  });
}

function writesIn(call: Call): { lease?: string | undefined }[] {
  if (call.type === 'put') return [call];
  return call.type === 'txn' ? [...call.success, ...call.failure].flatMap(writesIn) : [];
}

function mayWrite(call: Call): boolean {
  if (call.type === 'txn') return [...call.success, ...call.failure].some(mayWrite);
  return call.type === 'put' || call.type === 'delete' || call.type === 'lease-revoke';
}

function wrote(call: Call, answer: Answer): boolean {
  switch (call.type) {
    case 'put':
    case 'lease-revoke':
      return true;
    case 'delete':
      return answer.deleted !== 0;
    case 'txn': {
      const branch = answer.succeeded ? call.success : call.failure;
      return branch.some((op, i) => wrote(op, answer.answers?.[i] ?? {}));
    }
    case 'range':
    case 'lease-grant':
    case 'compact':
      return false;
    default:
      return assertNever(call);
  }
}

function footprint(call: Call): Pick<Step, 'touches' | 'keys'> {
  const ranges = rangesOf(call);
  const single = ranges.filter(([, end]) => end === undefined).map(([key]) => key);
  // A lease may hold any key.
  if (call.type === 'lease-revoke') return { keys: [], touches: () => true };
  return {
    keys: single,
    touches: (key) => ranges.some(([from, end]) => inRange(key, from, end)),
  };
}

function rangesOf(call: Call): [string, string | undefined][] {
  switch (call.type) {
    case 'range':
    case 'delete':
      return [[call.key, call.rangeEnd]];
    case 'put':
      return [[call.key, undefined]];
    case 'txn':
      return [
        ...call.compare.map((c: Condition): [string, undefined] => [c.key, undefined]),
        ...inner(call),
      ];
    case 'lease-grant':
    case 'lease-revoke':
    case 'compact':
      return [];
    default:
      return assertNever(call);
  }
}

function inner(call: TxnCall): [string, string | undefined][] {
  return [...call.success, ...call.failure].flatMap(rangesOf);
}

/** Steps in groups that share no key: each can be judged by itself, as linearizability is local. */
export function partitions(steps: readonly Step[]): Step[][] {
  const keys = new Set(steps.flatMap((step) => step.keys));
  const parent = new Map<string, string>();
  const find = (key: string): string => {
    let root = key;
    for (let up = parent.get(root); up !== undefined; up = parent.get(root)) root = up;
    if (root !== key) parent.set(key, root);
    return root;
  };
  const spans = (step: Step): string[] =>
    hasRange(step) ? [...keys].filter((key) => step.touches(key)) : [...step.keys];
  const homes = steps.map((step) => {
    const [first, ...others] = spans(step);
    if (first === undefined) return undefined;
    for (const other of others) {
      const [a, b] = [find(first), find(other)];
      if (a !== b) parent.set(b, a);
    }
    return first;
  });
  const groups = new Map<string, Step[]>();
  steps.forEach((step, i) => {
    const home = homes[i];
    const root = home === undefined ? '' : find(home);
    const group = groups.get(root);
    if (group) group.push(step);
    else groups.set(root, [step]);
  });
  return [...groups.values()];
}

function hasRange({ call }: Step): boolean {
  return call.type === 'lease-revoke' || rangesOf(call).some(([, end]) => end !== undefined);
}
