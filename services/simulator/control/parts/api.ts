import type { KubeObject, ResourceRef } from '#shared/api';
import { QuorateError } from '#shared/base';
import { type ApiClient, createServerPool, type DeleteOptions, repeatable } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { ApplyApi } from '#services/apiserver';
import type { Caller, ServerApi } from './ends.ts';
import type { Links } from './links.ts';

/** As the real heartbeat stream's. */
const beatMs = 3_000;

/**
 * The API of whichever server answers, over simulated links: the production pool says which server is
 * asked and what is sent twice, as for gRPC.
 */
export function simApiClient(
  links: Links,
  caller: Caller,
  servers: readonly string[],
  clock: Clock,
): ServerApi {
  const pool = createServerPool(servers, clock);
  const call = <T>(again: boolean, send: (api: ServerApi) => Promise<T>): Promise<T> =>
    pool.call(again, (server) => links.call(caller, server, send));
  return {
    kinds: () => call(true, (api) => api.kinds()),
    get: <T extends KubeObject>(ref: ResourceRef, name: string, namespace?: string) =>
      call(true, (api) => api.get<T>(ref, name, namespace)),
    list: (ref, options) => call(true, (api) => api.list(ref, options)),
    watch: <T extends KubeObject>(...[ref, options = {}]: Parameters<ApiClient['watch']>) =>
      pool.stream(
        (server) =>
          links.watch<T>(
            caller,
            server,
            (api, signal) => api.watch<T>(ref, { ...options, signal }),
            options.signal,
          ),
        options.signal,
      ),
    create: (ref, object, options) => call(false, (api) => api.create(ref, object, options)),
    createSubresource: (ref, name, subresource, body, options) =>
      call(false, (api) => api.createSubresource(ref, name, subresource, body, options)),
    update: (ref, object, options) =>
      call(repeatable.update(object), (api) => api.update(ref, object, options)),
    patch: (ref, name, type, patch, options) =>
      call(repeatable.patch(type), (api) => api.patch(ref, name, type, patch, options)),
    // As kubectl does it: over one connection, and once.
    apply: <T extends KubeObject>(...[ref, config, options]: Parameters<ApplyApi['apply']>) =>
      call(false, (api) => api.apply<T>(ref, config as T, options)),
    delete: (ref: ResourceRef, name: string, options: DeleteOptions = {}) =>
      call(repeatable.delete(options), (api) => api.delete(ref, name, options)),
    campaign: (request, signal) =>
      pool.call(
        true,
        (server) =>
          links.call(caller, server, (api, gone) => api.campaign(request, gone), {
            signal,
            timeoutMs: request.waitMs + 10_000,
          }),
        signal,
      ),
    renew: (fence, identity) => call(true, (api) => api.renew(fence, identity)),
    resign: (fence, identity) => call(true, (api) => api.resign(fence, identity)),
    registerNode: (node) => call(true, (api) => api.registerNode(node)),
    heartbeat: (beat) =>
      pool.call(true, (server) =>
        links.call(caller, server, (api) => api.heartbeat(beat), { timeoutMs: beatMs }),
      ),
    logs: () => {
      throw new QuorateError('unimplemented', 'nobody reads logs here');
    },
    close: () => Promise.resolve(),
  };
}
