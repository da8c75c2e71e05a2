import type { ApiClient, Fence } from './api-client.ts';

/** The same client for one leader's term: every write carries the fence, whatever its options say. */
export function fencedApi(api: ApiClient, fence: Fence): ApiClient {
  return {
    kinds: () => api.kinds(),
    get: (ref, name, namespace) => api.get(ref, name, namespace),
    list: (ref, options) => api.list(ref, options),
    watch: (ref, options) => api.watch(ref, options),
    create: (ref, object, options) => api.create(ref, object, { ...options, fence }),
    createSubresource: (ref, name, subresource, body, options) =>
      api.createSubresource(ref, name, subresource, body, { ...options, fence }),
    update: (ref, object, options) => api.update(ref, object, { ...options, fence }),
    patch: (ref, name, type, patch, options) =>
      api.patch(ref, name, type, patch, { ...options, fence }),
    delete: (ref, name, options) => api.delete(ref, name, { ...options, fence }),
    campaign: (request, signal) => api.campaign(request, signal),
    renew: (held, identity) => api.renew(held, identity),
    resign: (held, identity) => api.resign(held, identity),
    logs: (namespace, name, options) => api.logs(namespace, name, options),
    close: () => api.close(),
  };
}
