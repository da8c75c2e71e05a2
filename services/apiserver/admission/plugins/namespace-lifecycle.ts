import { type Namespace, refs } from '#shared/api';
import { isTerminating } from '../../registry/guards.ts';
import type { KindTable } from '../../registry/kinds.ts';
import { beingTerminated } from '../../registry/namespaces.ts';
import type { Registry } from '../../registry/registry.ts';
import type { WatchCache } from '../../watch/watch-cache.ts';
import type { AdmissionPlugin } from '../plugin.ts';

interface Deps {
  readonly registry: Registry;
  readonly kinds: KindTable;
  readonly watches: WatchCache;
}

/**
 * Says of a namespace that does not exist, or is going, that it does, before other plugins miss what it would
 * have. The registry holds to the same within the transaction of each write.
 */
export function namespaceLifecycle({ registry, kinds, watches }: Deps): AdmissionPlugin {
  const namespaces = kinds.builtin(refs.namespaces);
  return {
    name: 'NamespaceLifecycle',
    // A review asks about a namespace, and makes nothing in it.
    handles: ({ operation, resource }) =>
      operation === 'create' && resource.namespaced && resource.verbs.includes('get'),
    async mutate({ resource, namespace, name }) {
      const known = watches.peek(namespaces, '', namespace)?.object;
      // It may have been made a moment ago, by another server.
      const found: Namespace = known ?? (await registry.get(namespaces, namespace));
      if (isTerminating(found)) throw beingTerminated(namespace, resource, name);
    },
  };
}
