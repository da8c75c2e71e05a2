import { must, QuorateError } from '#shared/base';
import type { KindInfo, KubeObject, ResourceRef, Table } from '#shared/api';
import type { KindInfo__Output } from '../rpc/gen/quorate/v1/KindInfo.ts';
import type { Leader__Output } from '../rpc/gen/quorate/v1/Leader.ts';
import type { Fence, Leader, WriteOptions } from './api-client.ts';
import type { ObjectTable } from './table-client.ts';

/** Objects travel as JSON. */
export function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export function decode<T>(json: Buffer): T {
  return JSON.parse(json.toString()) as T;
}

/** The fields that every write carries in the same way. */
export function writeFields(ref: ResourceRef, options: WriteOptions, object?: KubeObject) {
  return {
    resource: ref,
    namespace: options.namespace ?? object?.metadata?.namespace ?? '',
    subresource: options.subresource ?? '',
    field_manager: options.fieldManager ?? '',
    dry_run: options.dryRun ?? false,
    ...fenceField(options.fence),
  };
}

export function fenceField(fence: Fence | undefined) {
  return fence && { fence: { election: fence.election, token: fence.token } };
}

export function objectName(object: KubeObject): string {
  const name = object.metadata?.name;
  if (name === undefined || name === '') {
    throw new QuorateError('bad-request', 'metadata.name: Required value: name is required');
  }
  return name;
}

export function toKindInfo(info: KindInfo__Output): KindInfo {
  return {
    group: info.group,
    version: info.version,
    resource: info.resource,
    kind: info.kind,
    singular: info.singular,
    shortNames: info.short_names,
    namespaced: info.namespaced,
    verbs: info.verbs,
    categories: info.categories,
    subresources: info.subresources,
  };
}

export function toLeader(leader: Leader__Output | null): Leader {
  const { election, identity, token, lease_seconds } = must(leader, 'an answer names its leader');
  return { election, identity, token: Number(token), leaseSeconds: lease_seconds };
}

/** Where a list is paged, its own fields say so; in a watch the table's metadata does. */
export function toObjectTable(table: Table, resourceVersion = '', next = ''): ObjectTable {
  const { columnDefinitions, rows, metadata } = table;
  const version = resourceVersion || (metadata?.resourceVersion ?? '');
  const token = next || (metadata?.continue ?? '');
  return {
    columnDefinitions: columnDefinitions ?? [],
    rows: rows ?? [],
    resourceVersion: version,
    ...(token !== '' && { continue: token }),
  };
}
