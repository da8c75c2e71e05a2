import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import { groupVersion, type Resource } from '../resource.ts';
import { equalJson } from '../equal.ts';
import { parseTime } from '../time.ts';
import { compare, type Comparison } from './compare.ts';
import { ownedContent } from './content.ts';
import { difference, type Fields, union } from './fields.ts';

/** Who writes, through which subresource ('' for the object), and when (RFC 3339). */
export interface Writer {
  readonly manager: string;
  readonly subresource: string;
  readonly now: string;
}

/** An entry of managedFields with what it owns. */
export interface Manager {
  readonly entry: Omit<ManagedFieldsEntry, 'fieldsV1'>;
  readonly fields: Fields;
}

/** As Kubernetes: with more that update, the oldest are counted as one. */
const maxUpdaters = 10;

export function managersOf(entries: readonly ManagedFieldsEntry[] = []): Manager[] {
  return entries.flatMap(({ fieldsV1, ...entry }) =>
    isFields(fieldsV1) ? [{ entry, fields: fieldsV1 }] : [],
  );
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

/**
 * `next` with managedFields that say who wrote what, `old` being undefined on a create. `given` is
 * what the request itself says of managedFields: an empty list ends the tracking, which begins with a
 * create or an apply. What nothing was changed of is left as it is.
 */
export function trackUpdate(
  resource: Resource,
  old: KubeObject | undefined,
  next: KubeObject,
  writer: Writer,
  given?: unknown,
): KubeObject {
  const before = old?.metadata?.managedFields;
  if (isReset(given)) return withEntries(next, undefined);
  const entries = isGiven(given) ? given : before;
  if (old && !entries?.length) return withEntries(next, undefined);
  const { subresource } = writer;
  const was = ownedContent(resource, old, subresource);
  const difference = compare(resource.schema, was, ownedContent(resource, next, subresource));
  if (!difference.changed && !difference.removed) return withEntries(next, entries);
  const entry = entryOf(resource, writer, 'Update');
  const managers = managersOf(entries);
  const mine = managers.find((manager) => isSame(manager, entry));
  const others = managers.filter((manager) => manager !== mine);
  const kept = others.flatMap((manager) => without(manager, difference));
  return withEntries(next, encode([...kept, ...updated(mine, entry, difference)]));
}

/** An entry of the writer's own, with what it wrote. */
function updated(
  mine: Manager | undefined,
  entry: Manager['entry'],
  { changed, removed }: Comparison,
): Manager[] {
  const fields = union(difference(mine?.fields, removed), changed);
  if (!fields) return [];
  const time = mine && equalJson(fields, mine.fields) ? mine.entry.time : entry.time;
  return [{ entry: { ...entry, ...(time !== undefined && { time }) }, fields }];
}

/** What a manager still owns after somebody else's change. */
export function without({ entry, fields }: Manager, { changed, removed }: Comparison): Manager[] {
  const rest = difference(difference(fields, changed), removed);
  return rest ? [{ entry, fields: rest }] : [];
}

export function entryOf(
  resource: Resource,
  { manager, subresource, now }: Writer,
  operation: 'Apply' | 'Update',
): Manager['entry'] {
  return {
    manager,
    operation,
    apiVersion: groupVersion(resource),
    time: now,
    fieldsType: 'FieldsV1',
    ...(subresource && { subresource }),
  };
}

/** Appliers are known by their name, updaters by the version that they speak too. */
export const isSame = ({ entry }: Manager, other: Manager['entry']): boolean =>
  entry.manager === other.manager &&
  entry.operation === other.operation &&
  (entry.subresource ?? '') === (other.subresource ?? '') &&
  (other.operation === 'Apply' || entry.apiVersion === other.apiVersion);

/** As Kubernetes orders them: appliers first, then by time. */
export function encode(managers: readonly Manager[]): ManagedFieldsEntry[] {
  return capped(managers)
    .map(({ entry, fields }) => ({ ...entry, fieldsV1: fields }))
    .sort((a, b) => {
      if (a.operation !== b.operation) return a.operation === 'Apply' ? -1 : 1;
      const order = (parseTime(a.time) ?? 0) - (parseTime(b.time) ?? 0);
      return order || compareText(a.manager, b.manager);
    });
}

const compareText = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

function capped(managers: readonly Manager[]): readonly Manager[] {
  const updaters = managers.filter(({ entry }) => entry.operation === 'Update');
  if (updaters.length <= maxUpdaters) return managers;
  const byAge = [...updaters].sort(
    (a, b) => (parseTime(a.entry.time) ?? 0) - (parseTime(b.entry.time) ?? 0),
  );
  const oldest = byAge.slice(0, updaters.length - maxUpdaters + 1);
  const [first] = oldest;
  if (!first) return managers;
  const { subresource: _, ...entry } = first.entry;
  const ancient: Manager = {
    entry: { ...entry, manager: 'ancient-changes' },
    fields: oldest.map(({ fields }) => fields).reduce((a, b) => union(a, b) ?? a),
  };
  return [...managers.filter((manager) => !oldest.includes(manager)), ancient];
}

export function withEntries(
  object: KubeObject,
  entries: readonly ManagedFieldsEntry[] | undefined,
): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata ?? {};
  if (!entries?.length) return { ...object, metadata };
  return { ...object, metadata: { ...metadata, managedFields: [...entries] } };
}

const isReset = (given: unknown): boolean =>
  Array.isArray(given) && (given.length === 0 || (given.length === 1 && equalJson(given[0], {})));

const isGiven = (given: unknown): given is ManagedFieldsEntry[] =>
  Array.isArray(given) &&
  given.every(
    (entry: unknown) =>
      typeof entry === 'object' && entry !== null && 'manager' in entry && 'operation' in entry,
  );
