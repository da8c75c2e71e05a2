import type { KubeObject, ObjectMeta } from './object.ts';
import type { Resource } from './resource.ts';

interface ListMeta {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** meta.k8s.io/v1 Table. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: ListMeta;
  readonly columnDefinitions: readonly {
    readonly name: string;
    readonly type: string;
    readonly format: string;
    readonly description: string;
    readonly priority: number;
  }[];
  readonly rows: readonly {
    readonly cells: readonly (string | number | boolean)[];
    readonly object: { kind: string; apiVersion: string; metadata: ObjectMeta };
  }[];
}

/** A meta.k8s.io/v1 Table as `kubectl get` asks for; each row carries its object's metadata. */
export function toTable(
  resource: Resource,
  objects: readonly KubeObject[],
  nowMs: number,
  list: ListMeta = {},
): Table {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: list,
    columnDefinitions: resource.columns.map((column) => ({
      name: column.name,
      type: column.type,
      format: column.format ?? '',
      description: column.description,
      priority: column.priority,
    })),
    rows: objects.map((object) => ({
      cells: resource.columns.map((column) => column.cell(object, nowMs)),
      object: {
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: object.metadata ?? {},
      },
    })),
  };
}
