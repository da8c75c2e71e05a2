import type { KubeObject, ResourceRef } from '#shared/api';
import type { ListOptions, WatchEventType, WatchOptions } from './api-client.ts';

/** One column of a meta.k8s.io/v1 Table; those of priority above 0 are for `-o wide`. */
export interface TableColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly unknown[];
  /** At least the object's metadata. */
  readonly object: KubeObject;
}

/** What the server says of a collection when asked for rows instead of objects. */
export interface ObjectTable {
  /** Empty in a watch's later events: the columns do not change. */
  readonly columnDefinitions: readonly TableColumnDefinition[];
  readonly rows: readonly TableRow[];
  readonly resourceVersion: string;
  readonly continue?: string | undefined;
}

export interface TableEvent {
  readonly type: WatchEventType;
  readonly table: ObjectTable;
}

/** `as_table` of quorate.v1: the printed columns of a kind are the server's, for every client. */
export interface TableClient {
  getTable(ref: ResourceRef, name: string, namespace?: string): Promise<ObjectTable>;
  listTable(ref: ResourceRef, options?: ListOptions): Promise<ObjectTable>;
  watchTable(ref: ResourceRef, options?: WatchOptions): AsyncIterable<TableEvent>;
}
