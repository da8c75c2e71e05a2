import { type KubeObject, refs, type ResourceRef } from '#shared/api';
import type {
  ApiClient,
  DeleteOptions,
  DeleteResult,
  ListOptions,
  NodeApi,
  ObjectList,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '#shared/client';
import type { User } from './auth/user.ts';
import type { Core } from './core.ts';
import type { ApplyOptions } from './registry/apply.ts';
import type { Call } from './requests/call.ts';
import { deferred } from './requests/deferred.ts';
import { collectionPlace, objectPlace } from './requests/place.ts';

/** Server-side apply, which clients of the REST API ask for. */
export interface ApplyApi {
  apply<T extends KubeObject>(ref: ResourceRef, config: T, options?: ApplyOptions): Promise<T>;
}

/**
 * The API for what runs in the same process, without a wire in between, as this user: the same
 * chain as every door's. Objects are shared with the watch cache: the caller never changes one. The
 * type parameters are the caller's word, as on the wire.
 */
export function createInProcessClient(
  { requests, kinds }: Core,
  user: User,
): ApiClient & NodeApi & ApplyApi {
  const object = async (verb: string, given: Parameters<typeof objectPlace>[1]): Promise<Call> =>
    requests.authorize(user, verb, objectPlace(kinds, given));
  const collection = (
    verb: string,
    ref: ResourceRef,
    { namespace, fieldSelector }: ListOptions & WatchOptions,
  ): Promise<Call> =>
    requests.authorize(user, verb, collectionPlace(ref, namespace, fieldSelector));
  return {
    kinds: async () => kinds.infos(),
    get: async <T extends KubeObject>(ref: ResourceRef, name: string, namespace?: string) =>
      (await (await object('get', { ref, name, namespace })).get()) as T,
    list: async <T extends KubeObject>(ref: ResourceRef, options: ListOptions = {}) =>
      (await (await collection('list', ref, options)).list(options)) as ObjectList<T>,
    watch: <T extends KubeObject>(ref: ResourceRef, options: WatchOptions = {}) =>
      deferred(
        async () =>
          (await collection('watch', ref, options)).watch(options) as AsyncIterable<WatchEvent<T>>,
      ),
    create: async <T extends KubeObject>(ref: ResourceRef, body: T, options: WriteOptions = {}) => {
      const call = await object('create', { ref, namespace: options.namespace, body });
      return (await call.create(body, options)) as T;
    },
    createSubresource: async <T extends KubeObject>(
      ref: ResourceRef,
      name: string,
      subresource: string,
      body: KubeObject,
      options: WriteOptions = {},
    ) => {
      const { namespace } = options;
      const call = await object('create', { ref, name, namespace, subresource, body });
      return (await call.create(body, options)) as T;
    },
    update: async <T extends KubeObject>(ref: ResourceRef, body: T, options: WriteOptions = {}) => {
      const { namespace, subresource } = options;
      const name = body.metadata?.name;
      const call = await object('update', { ref, name, namespace, subresource, body });
      return (await call.update(body, options)) as T;
    },
    patch: async <T extends KubeObject>(
      ...[ref, name, type, patch, options = {}]: Parameters<ApiClient['patch']>
    ) => {
      const { namespace, subresource } = options;
      const call = await object('patch', { ref, name, namespace, subresource });
      return (await call.patch(type, patch, options)) as T;
    },
    apply: async <T extends KubeObject>(ref: ResourceRef, body: T, options: ApplyOptions = {}) => {
      const { namespace, subresource } = options;
      const name = body.metadata?.name;
      const call = await object('patch', { ref, name, namespace, subresource });
      const authorizeCreate = async (): Promise<void> => {
        await requests.authorize(user, 'create', call.place);
      };
      return (await call.apply(body, { ...options, authorizeCreate })).object as T;
    },
    delete: async <T extends KubeObject>(
      ref: ResourceRef,
      name: string,
      options: DeleteOptions = {},
    ) => {
      const call = await object('delete', { ref, name, namespace: options.namespace });
      return (await call.delete(options)) as DeleteResult<T>;
    },
    async campaign(request, signal) {
      const elections = await requests.election(user, 'update', request.election);
      return elections.campaign(request, signal);
    },
    async renew(fence, identity) {
      await (await requests.election(user, 'update', fence.election)).renew(fence, identity);
    },
    async resign(fence, identity) {
      await (await requests.election(user, 'update', fence.election)).resign(fence, identity);
    },
    registerNode: async <T extends KubeObject>(node: T) =>
      (await requests.registerNode(user, node)) as unknown as T,
    heartbeat: (beat) => requests.beat(user, beat),
    logs: (namespace, name, options = {}) =>
      deferred(async () => {
        const call = await object('get', { ref: refs.pods, name, namespace, subresource: 'log' });
        return call.logs(options);
      }),
    close: () => Promise.resolve(),
  };
}
