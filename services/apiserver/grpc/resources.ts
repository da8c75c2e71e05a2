import { type KubeObject, type Resource, toTable } from '#shared/api';
import type { ListOptions, WatchOptions } from '#shared/client';
import { handleUnary } from '#shared/rpc';
import type { ListRequest__Output } from '../../../shared/rpc/gen/quorate/v1/ListRequest.ts';
import type { ListResponse } from '../../../shared/rpc/gen/quorate/v1/ListResponse.ts';
import type { ResourcesHandlers } from '../../../shared/rpc/gen/quorate/v1/Resources.ts';
import type { WatchEvent } from '../../../shared/rpc/gen/quorate/v1/WatchEvent.ts';
import type { WatchRequest__Output } from '../../../shared/rpc/gen/quorate/v1/WatchRequest.ts';
import type { Core } from '../core.ts';
import { createSubresource } from '../subresource-create.ts';
import { streamOut } from './stream-out.ts';
import { fromJson, toJson, toSharedJson } from '../json.ts';
import { objectAnswer, toDeleteOptions, toRef, toWriteOptions } from './wire.ts';

/** quorate.v1.Resources over the core. */
export function resourcesService(core: Core, stopping: AbortSignal): ResourcesHandlers {
  const { registry, kinds } = core;
  return {
    Kinds: handleUnary(async () => ({
      kinds: kinds.infos().map(({ shortNames, ...kind }) => ({
        ...kind,
        short_names: [...shortNames],
        verbs: [...kind.verbs],
        categories: [...kind.categories],
        subresources: [...kind.subresources],
      })),
    })),
    Get: handleUnary(async (request) => {
      const resource = kinds.find(toRef(request.resource));
      const { name, namespace, subresource } = request;
      const object = await registry.get(resource, name, namespace, subresource);
      return objectAnswer(request.as_table ? table(core, resource, [object]) : object);
    }),
    List: handleUnary((request) => list(core, request)),
    Watch: (call) => streamOut(call, stopping, (signal) => watch(core, call.request, signal)),
    Create: handleUnary(async (request) => {
      const resource = kinds.find(toRef(request.resource));
      const body = fromJson(request.json, 'json');
      const options = toWriteOptions(request);
      const { name, subresource } = request;
      const object = subresource
        ? await createSubresource(core, resource, name, subresource, body, options)
        : await registry.create(resource, body, options);
      return objectAnswer(object);
    }),
    Update: handleUnary(async (request) => {
      const resource = kinds.find(toRef(request.resource));
      const body = fromJson(request.json, 'json');
      return objectAnswer(
        await registry.update(resource, request.name, body, toWriteOptions(request)),
      );
    }),
    Patch: handleUnary(async (request) => {
      const resource = kinds.find(toRef(request.resource));
      const body = fromJson(request.patch, 'patch');
      const type = patchTypes[request.type];
      return objectAnswer(
        await registry.patch(resource, request.name, type, body, toWriteOptions(request)),
      );
    }),
    Delete: handleUnary(async (request) => {
      const resource = kinds.find(toRef(request.resource));
      const { object, gone } = await registry.delete(
        resource,
        request.name,
        toDeleteOptions(request),
      );
      return { json: toJson(object), gone };
    }),
  };
}

const patchTypes = {
  UNSPECIFIED: 'merge',
  JSON: 'json',
  MERGE: 'merge',
  STRATEGIC: 'strategic',
} as const;

async function list(core: Core, request: ListRequest__Output): Promise<ListResponse> {
  const resource = core.kinds.find(toRef(request.resource));
  const options: ListOptions = {
    namespace: request.namespace,
    labelSelector: request.label_selector,
    fieldSelector: request.field_selector,
    limit: Number(request.limit),
    continue: request.continue,
  };
  const answer = await core.registry.list(resource, options);
  const { items, resourceVersion, remainingItemCount = 0 } = answer;
  return {
    items: request.as_table
      ? [toJson(table(core, resource, items, resourceVersion))]
      : items.map(toJson),
    resource_version: resourceVersion,
    continue: answer.continue ?? '',
    remaining_item_count: remainingItemCount,
  };
}

async function* watch(
  core: Core,
  request: WatchRequest__Output,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void> {
  const resource = core.kinds.find(toRef(request.resource));
  const options: WatchOptions = {
    namespace: request.namespace,
    labelSelector: request.label_selector,
    fieldSelector: request.field_selector,
    name: request.name,
    resourceVersion: request.resource_version,
    allowBookmarks: request.allow_bookmarks,
    signal,
  };
  let first = true;
  for await (const { type, object } of core.watches.watch(resource, options)) {
    if (!request.as_table) {
      yield { type, json: toSharedJson(object) };
      continue;
    }
    const rows = type === 'BOOKMARK' ? [] : [object];
    const whole = table(core, resource, rows, object.metadata?.resourceVersion);
    // The columns do not change, so they are said once.
    yield { type, json: toJson(first ? whole : { ...whole, columnDefinitions: [] }) };
    first = false;
  }
}

function table(
  core: Core,
  resource: Resource,
  objects: readonly KubeObject[],
  resourceVersion?: string,
): KubeObject {
  const list = resourceVersion === undefined ? {} : { resourceVersion };
  return toTable(resource, objects, core.clock.now(), list);
}
