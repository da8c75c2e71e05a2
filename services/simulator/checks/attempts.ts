import { BrokenPromise, inRange } from '#shared/checks';
import type { PutRequest, RequestOp, TxnRequest } from '#shared/mvcc';
import type { Attempt } from '../clients/recorder.ts';
import { type ModelCheck, text } from './model/check.ts';

const opsMax = 128;
const refused = (why: string): string => `etcdserver: ${why}`;
const twice = refused('duplicate key given in txn request');
const refusals: readonly string[] = [
  refused('key is not provided'),
  refused('value is provided'),
  refused('lease is provided'),
  refused('too many operations in txn request'),
  twice,
];

/** Who asks for what cannot be is refused at once; who was answered has made just that, and was told so. */
export function checkAttempts(attempts: readonly Attempt[], model: ModelCheck | undefined): void {
  for (const { who, request, error, revision = 0, result } of attempts) {
    const bad = badAt(request, opsMax) || (touches(request) ? '' : twice);
    const saidBad = refusals.includes(error ?? '');
    const wrong = (what: string): BrokenPromise =>
      new BrokenPromise(`${who} asked ${text(request)} and got ${error ?? text(result)}: ${what}`);
    if (error === undefined ? bad !== '' : saidBad && bad === '')
      throw wrong(bad === '' ? 'nothing is wrong with it' : `it is to be refused, ${bad}`);
    if (error !== undefined || !changed(result)) continue;
    const made = model?.madeBy(revision);
    if (!made || text(set(made.asked)) !== text(set(request)))
      throw wrong(`revision ${revision} was made by ${text(made?.asked)}`);
    if (text(made.answer) !== text(result)) throw wrong(`its answer was ${text(made.answer)}`);
  }
}

/** Fields that say something: what is absent, empty, 0 or false is all the same. */
function set(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(set);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const fields = Object.entries(value).filter(
    ([, each]) => !!each && each !== 'none' && !(each instanceof Uint8Array && each.length === 0),
  );
  return Object.fromEntries(fields.map(([name, each]) => [name, set(each)]));
}

type Result = NonNullable<Attempt['result']>;

function changed(result: Result | undefined): boolean {
  return (result?.responses ?? []).some(
    (op) =>
      op.type === 'put' ||
      (op.type === 'deleteRange' && op.deleteRange.deleted > 0) ||
      (op.type === 'txn' && changed(op.txn)),
  );
}

/** Empty: nothing is wrong by itself. */
function badAt({ compare, success, failure }: TxnRequest, max: number): string {
  const size = Math.max(compare.length, success.length, failure.length);
  if (size > max) return 'too many';
  const bad = [...success, ...failure].map((op) => badOp(op, max - size)).find((why) => why !== '');
  return compare.some(({ key }) => key === '') ? 'no key' : (bad ?? '');
}

function badOp(op: RequestOp, max: number): string {
  if (op.type === 'txn') return badAt(op.txn, max);
  if (op.type === 'put') return badPut(op.put);
  return (op.type === 'range' ? op.range : op.deleteRange).key === '' ? 'no key' : '';
}

function badPut({ key, value, lease, ignoreValue, ignoreLease }: PutRequest): string {
  if (key === '') return 'no key';
  if (ignoreValue && value.length > 0) return 'a value';
  return ignoreLease && lease ? 'a lease' : '';
}

interface Put {
  readonly key: string;
  /** Its value, or its lease. */
  readonly keeps: boolean;
}

interface Touched {
  readonly puts: readonly Put[];
  readonly deletes: readonly (readonly [string, string | undefined])[];
}

/** What each branch changes; undefined where one changes a key twice. There is one nested one at most. */
function touches({ success, failure }: TxnRequest): Touched | undefined {
  const [one, other] = [branch(success), branch(failure)];
  if (!one || !other) return undefined;
  const both = [...one.puts, ...other.puts];
  const puts = [...new Set(both.map(({ key }) => key))].map((key) => ({
    key,
    keeps: both.some((each) => each.key === key && each.keeps),
  }));
  return { puts, deletes: [...one.deletes, ...other.deletes] };
}

function branch(ops: readonly RequestOp[]): Touched | undefined {
  const puts = ops.flatMap((op): Put[] => {
    if (op.type !== 'put') return [];
    const { key, ignoreValue, ignoreLease } = op.put;
    return [{ key, keeps: !!ignoreValue || !!ignoreLease }];
  });
  const deletes = ops.flatMap((op) =>
    op.type === 'deleteRange' ? [[op.deleteRange.key, op.deleteRange.rangeEnd] as const] : [],
  );
  const nested = ops.map((op) => (op.type === 'txn' ? touches(op.txn) : { puts: [], deletes: [] }));
  if (nested.includes(undefined)) return undefined;
  const all = {
    puts: [...puts, ...nested.flatMap((each) => each?.puts ?? [])],
    deletes: [...deletes, ...nested.flatMap((each) => each?.deletes ?? [])],
  };
  const twicePut = new Set(all.puts.map(({ key }) => key)).size < all.puts.length;
  // What has no end hits only who needs what was there.
  const hits = ({ key, keeps }: Put, spans: Touched['deletes']): boolean =>
    spans.some(([from, end]) => inRange(key, from, end) && (end !== '\0' || keeps));
  const clash =
    puts.some((each) => hits(each, all.deletes)) || all.puts.some((each) => hits(each, deletes));
  return twicePut || clash ? undefined : all;
}
