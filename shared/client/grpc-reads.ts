import { must } from '#shared/base';
import type { KubeObject, ResourceRef, Table } from '#shared/api';
import { serverStream } from '#shared/rpc';
import type { KindsResponse__Output } from '../rpc/gen/quorate/v1/KindsResponse.ts';
import type { ListResponse__Output } from '../rpc/gen/quorate/v1/ListResponse.ts';
import type { Object__Output } from '../rpc/gen/quorate/v1/Object.ts';
import type { WatchRequest } from '../rpc/gen/quorate/v1/WatchRequest.ts';
import type { ApiClient, ListOptions, ObjectList, WatchEvent, WatchOptions } from './api-client.ts';
import type { GrpcCalls } from './grpc-calls.ts';
import type { TableClient, TableEvent } from './table-client.ts';
import { decode, toKindInfo, toObjectTable } from './wire.ts';

type Reads = Pick<ApiClient, 'kinds' | 'get' | 'list' | 'watch'> & TableClient;

/** Objects and tables as they are, and what becomes of them. */
export function grpcReads({ ask, pool }: GrpcCalls): Reads {
  const get = async <T>(
    ref: ResourceRef,
    name: string,
    namespace: string,
    asTable: boolean,
  ): Promise<T> => {
    const request = { resource: ref, name, namespace, as_table: asTable };
    const answer = await ask<typeof request, Object__Output>(true, request, (s, r, o, done) =>
      s.resources.Get(r, o, done),
    );
    return decode<T>(answer.json);
  };
  const list = (ref: ResourceRef, options: ListOptions, asTable: boolean) => {
    const request = {
      resource: ref,
      namespace: options.namespace ?? '',
      label_selector: options.labelSelector ?? '',
      field_selector: options.fieldSelector ?? '',
      limit: options.limit ?? 0,
      continue: options.continue ?? '',
      as_table: asTable,
    };
    return ask<typeof request, ListResponse__Output>(true, request, (s, r, o, done) =>
      s.resources.List(r, o, done),
    );
  };
  const watch = (ref: ResourceRef, options: WatchOptions, asTable: boolean) => {
    const request = watchRequest(ref, options, asTable);
    const { signal } = options;
    return pool.stream((server) => serverStream(server.resources.Watch(request), signal), signal);
  };
  return {
    async kinds() {
      const answer = await ask<object, KindsResponse__Output>(true, {}, (s, r, o, done) =>
        s.resources.Kinds(r, o, done),
      );
      return answer.kinds.map(toKindInfo);
    },
    get: <T extends KubeObject>(ref: ResourceRef, name: string, namespace = '') =>
      get<T>(ref, name, namespace, false),
    getTable: async (ref: ResourceRef, name: string, namespace = '') =>
      toObjectTable(await get<Table>(ref, name, namespace, true)),
    async list<T extends KubeObject>(
      ref: ResourceRef,
      options: ListOptions = {},
    ): Promise<ObjectList<T>> {
      const answer = await list(ref, options, false);
      const remaining = Number(answer.remaining_item_count);
      return {
        items: answer.items.map((json) => decode<T>(json)),
        resourceVersion: answer.resource_version,
        ...(answer.continue !== '' && { continue: answer.continue }),
        ...(remaining > 0 && { remainingItemCount: remaining }),
      };
    },
    async listTable(ref: ResourceRef, options: ListOptions = {}) {
      const answer = await list(ref, options, true);
      const json = must(answer.items[0], 'a list asked as a table is answered with one');
      return toObjectTable(decode<Table>(json), answer.resource_version, answer.continue);
    },
    async *watch<T extends KubeObject>(
      ref: ResourceRef,
      options: WatchOptions = {},
    ): AsyncGenerator<WatchEvent<T>, void> {
      for await (const event of watch(ref, options, false)) {
        if (event.type !== 'UNSPECIFIED') yield { type: event.type, object: decode<T>(event.json) };
      }
    },
    async *watchTable(ref: ResourceRef, options: WatchOptions = {}): AsyncGenerator<TableEvent> {
      for await (const event of watch(ref, options, true)) {
        if (event.type === 'UNSPECIFIED') continue;
        yield { type: event.type, table: toObjectTable(decode<Table>(event.json)) };
      }
    },
  };
}

function watchRequest(ref: ResourceRef, options: WatchOptions, asTable: boolean): WatchRequest {
  return {
    resource: ref,
    namespace: options.namespace ?? '',
    label_selector: options.labelSelector ?? '',
    field_selector: options.fieldSelector ?? '',
    resource_version: options.resourceVersion ?? '',
    allow_bookmarks: options.allowBookmarks ?? false,
    name: options.name ?? '',
    as_table: asTable,
  };
}
