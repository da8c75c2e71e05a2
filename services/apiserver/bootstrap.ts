import { QuorateError } from '#shared/base';
import { type KubeObject, refs } from '#shared/api';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { KindTable } from './registry/kinds.ts';
import type { Registry } from './registry/registry.ts';

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
const retryMs = 100;

/**
 * Creates what every cluster has. All masters do it at once when a cluster starts, and the store
 * may have no quorum for as long as it likes: each step is tried until it is done or `signal`
 * aborts.
 */
export async function bootstrap(
  registry: Registry,
  kinds: KindTable,
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const resource = kinds.builtin(refs.namespaces);
  for (const name of namespaces) {
    const namespace: KubeObject = { metadata: { name } };
    for (;;) {
      signal.throwIfAborted();
      try {
        // Looks first: all but the first start of a cluster then writes nothing.
        await registry.get(resource, name);
        break;
      } catch (thrown) {
        if (!QuorateError.is(thrown, 'not-found')) {
          log.debug({ namespace: name, error: QuorateError.from(thrown).message }, 'not ready yet');
          await clock.sleep(retryMs, signal);
          continue;
        }
      }
      try {
        await registry.create(resource, namespace, {});
        break;
      } catch (thrown) {
        if (QuorateError.is(thrown, 'already-exists')) break;
        if (QuorateError.is(thrown, 'invalid', 'bad-request', 'internal')) throw thrown;
        await clock.sleep(retryMs, signal);
      }
    }
  }
}
