import type { KubeObject, ResourceRef } from '#shared/api';
import type {
  ApiClient,
  DeleteOptions,
  DeleteResult,
  ObjectList,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '#shared/client';
import type { Core } from './core.ts';
import { createSubresource } from './subresource-create.ts';

/**
 * The API for what runs in the same process, without a wire in between. Objects are shared with the
 * watch cache: the caller never changes one. The type parameters are the caller's word, as on the
 * wire.
 */
export function createInProcessClient(core: Core): ApiClient {
  const { registry, kinds, watches, elections } = core;
  return {
    kinds: async () => kinds.infos(),
    get: async <T extends KubeObject>(ref: ResourceRef, name: string, namespace?: string) =>
      (await registry.get(kinds.find(ref), name, namespace)) as T,
    list: async <T extends KubeObject>(ref: ResourceRef, options = {}) =>
      (await registry.list(kinds.find(ref), options)) as ObjectList<T>,
    watch: <T extends KubeObject>(ref: ResourceRef, options: WatchOptions = {}) => ({
      // An unknown kind is thrown where the iteration is, as every other error of a watch.
      [Symbol.asyncIterator]() {
        const events = watches.watch(kinds.find(ref), options) as AsyncIterable<WatchEvent<T>>;
        return events[Symbol.asyncIterator]();
      },
    }),
    create: async <T extends KubeObject>(ref: ResourceRef, object: T, options = {}) =>
      (await registry.create(kinds.find(ref), object, options)) as T,
    createSubresource: async <T extends KubeObject>(
      ref: ResourceRef,
      name: string,
      subresource: string,
      body: KubeObject,
      options: WriteOptions = {},
    ) => (await createSubresource(core, kinds.find(ref), name, subresource, body, options)) as T,
    update: async <T extends KubeObject>(ref: ResourceRef, object: T, options = {}) =>
      (await registry.update(kinds.find(ref), object.metadata?.name ?? '', object, options)) as T,
    patch: async <T extends KubeObject>(
      ...[ref, name, type, patch, options = {}]: Parameters<ApiClient['patch']>
    ) => (await registry.patch(kinds.find(ref), name, type, patch, options)) as T,
    delete: async <T extends KubeObject>(
      ref: ResourceRef,
      name: string,
      options: DeleteOptions = {},
    ) => (await registry.delete(kinds.find(ref), name, options)) as DeleteResult<T>,
    campaign: (request, signal) => elections.campaign(request, signal),
    async renew(fence, identity) {
      await elections.renew(fence, identity);
    },
    resign: (fence, identity) => elections.resign(fence, identity),
    logs: (namespace, name, options) => core.logs.read(namespace, name, options),
    close: () => Promise.resolve(),
  };
}
