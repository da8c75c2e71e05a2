import { QuorateError } from '#shared/base';
import { type KubeObject, refs, type Resource } from '#shared/api';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { KindTable } from './registry/kinds.ts';
import type { Registry } from './registry/registry.ts';

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
const retryMs = 100;

/**
 * Creates what every cluster has. All masters do it at once when a cluster starts, and the store
 * may have no quorum for as long as it likes: it is tried until it is done or `signal` aborts.
 */
export async function bootstrap(
  registry: Registry,
  kinds: KindTable,
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const resource = kinds.builtin(refs.namespaces);
  const ensure = async (name: string): Promise<void> => {
    const namespace: KubeObject = { metadata: { name } };
    if (await exists(registry, resource, name)) return;
    await registry.create(resource, namespace, {});
  };
  const insist = async (name: string): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      try {
        await ensure(name);
        return;
      } catch (thrown) {
        const { code, message } = QuorateError.from(thrown);
        // Another master was faster; or something is wrong that time does not mend.
        if (code === 'already-exists') return;
        if (hopeless.has(code)) throw thrown;
        log.debug({ namespace: name, error: message }, 'not ready yet');
        await clock.sleep(retryMs, signal);
      }
    }
  };
  await Promise.all(namespaces.map(insist));
}

const hopeless = new Set<string>(['invalid', 'bad-request', 'internal']);

/** Looked at first, so that all but the first start of a cluster write nothing. */
async function exists(registry: Registry, resource: Resource, name: string): Promise<boolean> {
  try {
    await registry.get(resource, name);
    return true;
  } catch (thrown) {
    if (QuorateError.is(thrown, 'not-found')) return false;
    throw thrown;
  }
}
