import { groupVersion, type KubeObject, type Resource, type Table, toTable } from '#shared/api';
import type { ObjectList } from '#shared/client';
import type { Transform } from './negotiate.ts';

/** What rows of a Table carry of their objects. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** What the form of an answer depends on, beside the object. */
export interface FormContext {
  readonly resource: Resource;
  readonly form: Transform | undefined;
  readonly nowMs: number;
  readonly includeObject: IncludeObject;
}

/** One object in the form that was asked for. */
export function formObject(context: FormContext, object: KubeObject): object {
  if (!context.form) return object;
  if (context.form.as !== 'Table') return metadataOnly(object);
  const { resourceVersion } = object.metadata ?? {};
  return table(context, [object], resourceVersion === undefined ? {} : { resourceVersion });
}

/** A list whose items are made one by one, so that none of it need be in memory twice. */
export interface FormedList {
  /** All but the items. */
  readonly frame: object;
  readonly field: 'items' | 'rows';
  readonly items: readonly KubeObject[];
  readonly form: (object: KubeObject) => unknown;
}

export function formList(context: FormContext, list: ObjectList): FormedList {
  const { resource, form } = context;
  const { items, resourceVersion, continue: token, remainingItemCount } = list;
  const metadata = {
    resourceVersion,
    ...(token !== undefined && { continue: token }),
    ...(remainingItemCount !== undefined && { remainingItemCount }),
  };
  if (form?.as === 'Table') {
    const { rows: _, ...frame } = table(context, [], metadata);
    return { frame, field: 'rows', items, form: (object) => table(context, [object], {}).rows[0] };
  }
  const field = 'items';
  if (form) {
    const frame = {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
    };
    return { frame, field, items, form: metadataOnly };
  }
  const frame = { kind: `${resource.kind}List`, apiVersion: groupVersion(resource), metadata };
  return { frame, field, items, form: (object) => object };
}

function table(
  { resource, nowMs, includeObject }: FormContext,
  objects: readonly KubeObject[],
  metadata: Parameters<typeof toTable>[3],
): Table {
  const made = toTable(resource, objects, nowMs, metadata);
  if (includeObject === 'Metadata') return made;
  const rows = made.rows.map(({ cells }, i) => ({
    cells,
    object: includeObject === 'Object' ? objects[i] : null,
  }));
  return { ...made, rows } as Table;
}

const metadataOnly = ({ metadata }: KubeObject): object => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: metadata ?? {},
});
