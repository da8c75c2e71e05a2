import { type KubeObject, type Resource, type ResourceRef, toTable } from '#shared/api';
import type { WatchOptions } from '#shared/client';
import { handleUnary } from '#shared/rpc';
import type { ListRequest__Output } from '../../../shared/rpc/gen/quorate/v1/ListRequest.ts';
import type { ListResponse } from '../../../shared/rpc/gen/quorate/v1/ListResponse.ts';
import type { ResourcesHandlers } from '../../../shared/rpc/gen/quorate/v1/Resources.ts';
import type { WatchEvent } from '../../../shared/rpc/gen/quorate/v1/WatchEvent.ts';
import type { WatchRequest__Output } from '../../../shared/rpc/gen/quorate/v1/WatchRequest.ts';
import type { Core } from '../core.ts';
import type { User } from '../auth/user.ts';
import type { Call } from '../requests/call.ts';
import { collectionPlace, objectPlace } from '../requests/place.ts';
import type { CallerOf, IncomingCall } from './caller.ts';
import { streamOut } from '#shared/rpc';
import { fromJson, toJson } from '../json.ts';
import { toSharedForm, toSharedJson } from '../shared-bytes.ts';
import { objectAnswer, toDeleteOptions, toRef, toWriteOptions } from './wire.ts';

/** quorate.v1.Resources over the core. */
export function resourcesService(
  core: Core,
  callerOf: CallerOf,
  stopping: AbortSignal,
): ResourcesHandlers {
  const { kinds } = core;
  const authorize = async (
    incoming: IncomingCall,
    verb: string,
    request: ObjectRequest,
    body?: unknown,
  ): Promise<Call> => {
    const user = await callerOf(incoming);
    const given = { ...request, ref: toRef(request.resource), body };
    return core.requests.authorize(user, verb, objectPlace(kinds, given));
  };
  return {
    Kinds: handleUnary(async (_request, incoming) => {
      await core.requests.authorizePath(await callerOf(incoming), 'get', '/apis');
      return {
        kinds: kinds.infos().map(({ shortNames, ...kind }) => ({
          ...kind,
          short_names: [...shortNames],
          verbs: [...kind.verbs],
          categories: [...kind.categories],
          subresources: [...kind.subresources],
        })),
      };
    }),
    Get: handleUnary(async (request, incoming) => {
      const call = await authorize(incoming, 'get', request);
      const object = await call.get();
      return objectAnswer(request.as_table ? table(core, call.resource, [object]) : object);
    }),
    List: handleUnary(async (request, incoming) => list(core, await callerOf(incoming), request)),
    Watch: (call) =>
      streamOut(call, stopping, async function* (signal) {
        yield* watch(core, await callerOf(call), call.request, signal);
      }),
    Create: handleUnary(async (request, incoming) => {
      const body = fromJson(request.json, 'json');
      const call = await authorize(incoming, 'create', request, body);
      return objectAnswer(await call.create(body, toWriteOptions(request)));
    }),
    Update: handleUnary(async (request, incoming) => {
      const body = fromJson(request.json, 'json');
      const call = await authorize(incoming, 'update', request, body);
      return objectAnswer(await call.update(body, toWriteOptions(request)));
    }),
    Patch: handleUnary(async (request, incoming) => {
      const body = fromJson(request.patch, 'patch');
      const call = await authorize(incoming, 'patch', request);
      const type = patchTypes[request.type];
      return objectAnswer(await call.patch(type, body, toWriteOptions(request)));
    }),
    Delete: handleUnary(async (request, incoming) => {
      const call = await authorize(incoming, 'delete', request);
      const { object, gone } = await call.delete(toDeleteOptions(request));
      return { json: toJson(object), gone };
    }),
  };
}

interface ObjectRequest {
  readonly resource: ResourceRef | null;
  readonly namespace: string;
  readonly name: string;
  readonly subresource?: string;
}

const patchTypes = {
  UNSPECIFIED: 'merge',
  JSON: 'json',
  MERGE: 'merge',
  STRATEGIC: 'strategic',
} as const;

async function list(core: Core, user: User, request: ListRequest__Output): Promise<ListResponse> {
  const { namespace, field_selector: selector } = request;
  const place = collectionPlace(toRef(request.resource), namespace, selector);
  const call = await core.requests.authorize(user, 'list', place);
  const { resource } = call;
  const answer = await call.list({
    labelSelector: request.label_selector,
    fieldSelector: request.field_selector,
    limit: Number(request.limit),
    continue: request.continue,
  });
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
  user: User,
  request: WatchRequest__Output,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void> {
  const { namespace, field_selector: selector } = request;
  const place = collectionPlace(toRef(request.resource), namespace, selector);
  const call = await core.requests.authorize(user, 'watch', place);
  const { resource } = call;
  const options: WatchOptions = {
    labelSelector: request.label_selector,
    fieldSelector: request.field_selector,
    name: request.name,
    resourceVersion: request.resource_version,
    allowBookmarks: request.allow_bookmarks,
    signal,
  };
  let first = true;
  for await (const { type, object } of call.watch(options)) {
    // The columns do not change, so they are said once.
    const columns = first;
    const encode = (): Buffer => {
      const rows = type === 'BOOKMARK' ? [] : [object];
      const whole = table(core, resource, rows, object.metadata?.resourceVersion);
      return toJson(columns ? whole : { ...whole, columnDefinitions: [] });
    };
    const second = Math.floor(core.clock.now() / 1000);
    const form = `grpc table ${columns ? 'with columns' : ''} at ${second}`;
    yield {
      type,
      json: request.as_table ? toSharedForm(object, form, encode) : toSharedJson(object),
    };
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
