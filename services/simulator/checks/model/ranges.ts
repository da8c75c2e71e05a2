import { assertNever } from '#shared/base';
import { inRange, type KnownKv } from '#shared/checks';
import type { Compare, RangeRequest } from '#shared/mvcc';

/** What a range is told, by its definition. */
export interface Told {
  readonly kvs: readonly KnownKv[];
  readonly more: boolean;
  readonly count: number;
}

/** `kvs`: all there are, in the order of their keys. */
export const within = (
  kvs: readonly KnownKv[],
  key: string,
  rangeEnd: string | undefined,
): readonly KnownKv[] => kvs.filter((kv) => inRange(kv.key, key, rangeEnd));

/** Every way to ask for a range. `all`: every key of it. */
export function tell(all: readonly KnownKv[], request: RangeRequest): Told {
  const count = all.length;
  if (request.countOnly) return { kvs: [], more: false, count };
  const sorted = sort(all.filter(passes(request)), request);
  const limit = request.limit || Infinity;
  const kvs = sorted.slice(0, limit).map((kv) => (request.keysOnly ? { ...kv, value: '' } : kv));
  return { kvs, more: sorted.length > limit, count };
}

/** For every key of a range; where there is none, for one that is 0 everywhere and has no value. */
export function holds(all: readonly KnownKv[], compare: Compare): boolean {
  const kvs: readonly (KnownKv | undefined)[] = all.length > 0 ? all : [undefined];
  return kvs.every((kv) => {
    if (kv === undefined && compare.target === 'value') return false;
    const order = orderOf(compare, kv);
    return { equal: order === 0, 'not-equal': order !== 0, greater: order > 0, less: order < 0 }[
      compare.result
    ];
  });
}

function passes(request: RangeRequest): (kv: KnownKv) => boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  const between = (value = 0, min = 0, max = 0): boolean => value >= min && (!max || value <= max);
  return ({ mod, create }) =>
    between(mod, minModRevision, maxModRevision) &&
    between(create, minCreateRevision, maxCreateRevision);
}

/** A target without an order is ascending, but only what the limit has left of the keys' own order. */
function sort(kvs: readonly KnownKv[], request: RangeRequest): readonly KnownKv[] {
  const { sortOrder = 'none', sortTarget = 'key' } = request;
  const by = (kv: KnownKv): string | number => {
    if (sortTarget === 'key') return kv.key;
    return (sortTarget === 'value' ? kv.value : kv[sortTarget]) ?? 0;
  };
  const compare = (a: KnownKv, b: KnownKv): number => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0);
  if (sortOrder === 'descend') return [...kvs].sort((a, b) => compare(b, a));
  return sortTarget === 'key' ? kvs : [...kvs].sort(compare);
}

function orderOf(compare: Compare, kv: KnownKv | undefined): number {
  switch (compare.target) {
    case 'version':
    case 'create':
    case 'mod':
      return (kv?.[compare.target] ?? 0) - compare.revision;
    case 'lease':
      return Number(BigInt(kv?.lease ?? 0) - compare.lease);
    case 'value':
      return Buffer.compare(Buffer.from(kv?.value ?? '', 'latin1'), compare.value);
    default:
      return assertNever(compare, 'compare target');
  }
}
