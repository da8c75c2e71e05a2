import { QuorateError } from '#shared/base';
import { badRequest } from '../errors.ts';
import { equalJson } from '../equal.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import { groupVersion, type Resource } from '../resource.ts';
import { cloneJson } from '../clone.ts';
import { compare } from './compare.ts';
import { ownedContent } from './content.ts';
import { fieldSetOf } from './field-set.ts';
import { difference, type Fields, intersection, pathsIn, union } from './fields.ts';
import {
  encode,
  entryOf,
  isSame,
  type Manager,
  managersOf,
  without,
  type Writer,
} from './managers.ts';
import { mergeTyped, prune } from './merge.ts';

export interface Applier extends Writer {
  /** Takes what others own instead of failing. */
  readonly force: boolean;
}

/** What an apply makes of an object, before defaults and validation. */
export interface Applied {
  readonly object: KubeObject;
  readonly managedFields: readonly ManagedFieldsEntry[];
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Server-side apply: `live` with what `config` says, and without what its manager said before and
 * nobody says now. Throws `conflict` where another manager owns a field that would change.
 */
export function applyConfiguration(
  resource: Resource,
  live: KubeObject,
  config: KubeObject,
  applier: Applier,
): Applied {
  const { schema } = resource;
  const { subresource } = applier;
  const fields = configured(resource, config, subresource);
  const entry = entryOf(resource, applier, 'Apply');
  const managers = trackedManagers(resource, live, applier);
  const mine = managers.find((manager) => isSame(manager, entry));
  const others = managers.filter((manager) => manager !== mine);
  const merged = mergeTyped(schema, live, config);
  const owned = others.map((manager) => manager.fields).reduce<Fields | undefined>(union, fields);
  const object = (mine ? prune(schema, merged, mine.fields, owned) : merged) as KubeObject;
  const changes = compare(
    schema,
    ownedContent(resource, live, subresource),
    ownedContent(resource, object, subresource),
  );
  if (!applier.force) checkConflicts(resource, live, others, changes.changed, applier.manager);
  // Who says the same stays a co-owner: only what changes is taken.
  const kept = others.flatMap((manager) => without(manager, changes));
  const time = mine && equalJson(mine.fields, fields) ? mine.entry.time : entry.time;
  const own: Manager[] = fields
    ? [{ entry: { ...entry, ...(time !== undefined && { time }) }, fields }]
    : [];
  const managedFields = encode([...kept, ...own]);
  return { object: withLastApplied(object, config, applier), managedFields };
}

/** kubectl's own record of what it applied last, where there is one, goes with what it applies now. */
function withLastApplied(object: KubeObject, config: KubeObject, applier: Applier): KubeObject {
  const { metadata } = object;
  const recorded = metadata?.annotations?.[lastApplied] !== undefined;
  if (!recorded || applier.manager !== 'kubectl' || applier.subresource !== '') return object;
  const annotations = { ...metadata.annotations, [lastApplied]: `${JSON.stringify(config)}\n` };
  return { ...object, metadata: { ...metadata, annotations } };
}

/** managedFields of an object that an apply creates. */
export function createdBy(
  resource: Resource,
  config: KubeObject,
  applier: Writer,
): readonly ManagedFieldsEntry[] {
  const fields = configured(resource, config, '');
  return fields ? encode([{ entry: entryOf(resource, applier, 'Apply'), fields }]) : [];
}

/** What the configuration says something about. */
function configured(
  resource: Resource,
  config: KubeObject,
  subresource: string,
): Fields | undefined {
  const { metadata: { name = '', namespace } = {} } = config;
  const said = saidContent(resource, config, subresource);
  return fieldSetOf(resource.schema, said, (path, why) => {
    const where = namespace ? `${namespace}/${name}` : `/${name}`;
    throw badRequest(
      `failed to create typed patch object (${where}; ${groupVersion(resource)}, Kind=${resource.kind}): ${path}: ${why}`,
    );
  });
}

/** As ownedContent, without the frame: only what is said is owned. */
function saidContent(resource: Resource, config: KubeObject, subresource: string): object {
  const content = ownedContent(resource, config, subresource);
  const said: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(content)) {
    const given = (config as Record<string, unknown>)[key];
    if (given === undefined) continue;
    said[key] = key === 'metadata' ? value : given;
  }
  const { metadata } = said as { metadata?: object };
  if (metadata && Object.keys(metadata).length === 0) delete said['metadata'];
  return said;
}

/** An object that nobody tracked so far belongs to those before. */
function trackedManagers(resource: Resource, live: KubeObject, writer: Writer): Manager[] {
  const managers = managersOf(live.metadata?.managedFields);
  if (managers.length > 0) return managers;
  const fields = fieldSetOf(resource.schema, saidContent(resource, live, ''));
  const before = { ...writer, manager: 'before-first-apply', subresource: '' };
  return fields ? [{ entry: entryOf(resource, before, 'Update'), fields }] : [];
}

function checkConflicts(
  resource: Resource,
  live: KubeObject,
  others: readonly Manager[],
  changed: Fields | undefined,
  manager: string,
): void {
  const forgiven = manager === 'kubectl' ? lastAppliedFields(resource, live) : undefined;
  const conflicts = others.flatMap(({ entry, fields }) => {
    const contested = difference(
      intersection(fields, changed),
      entry.operation === 'Update' ? forgiven : undefined,
    );
    const paths = contested ? [...pathsIn(contested)] : [];
    return paths.map((path) => ({ who: describe(entry), path }));
  });
  if (conflicts.length === 0) return;
  throw new QuorateError('conflict', conflictMessage(conflicts), {
    details: {
      causes: conflicts.map(({ who, path }) => ({
        field: path,
        message: `conflict with ${who}`,
        reason: 'FieldManagerConflict',
      })),
    },
  });
}

/** What `kubectl apply` set before it went to the server is kubectl's own. */
function lastAppliedFields(resource: Resource, live: KubeObject): Fields | undefined {
  const text = live.metadata?.annotations?.[lastApplied];
  if (text === undefined) return undefined;
  try {
    const config = JSON.parse(text) as KubeObject;
    return fieldSetOf(resource.schema, saidContent(resource, cloneJson(config), ''));
  } catch {
    // An annotation is anybody's to write: one that says nothing forgives nothing.
    return undefined;
  }
}

interface Conflict {
  readonly who: string;
  readonly path: string;
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first) {
    return `Apply failed with 1 conflict: conflict with ${first.who}: ${first.path}`;
  }
  const byManager = Map.groupBy(conflicts, ({ who }) => who);
  const lines = [...byManager]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([who, list]) => [`conflicts with ${who}:`, ...list.map(({ path }) => `- ${path}`)]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function describe({ manager = '', operation, subresource, apiVersion }: Manager['entry']): string {
  const through = subresource ? ` with subresource ${JSON.stringify(subresource)}` : '';
  const version = operation === 'Update' ? ` using ${apiVersion}` : '';
  return `${JSON.stringify(manager)}${through}${version}`;
}
