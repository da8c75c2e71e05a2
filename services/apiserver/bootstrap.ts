import { QuorateError } from '#shared/base';
import { type KubeObject, type PriorityClass, refs } from '#shared/api';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { reconcileRoles } from './auth/rbac/reconcile.ts';
import { ensureAll } from './registry/ensure.ts';
import type { KindTable } from './registry/kinds.ts';
import type { Registry } from './registry/registry.ts';

const names = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
const namespaces = names.map((name): KubeObject => ({ metadata: { name } }));

const priorityClasses: readonly PriorityClass[] = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
];

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
  const insist = async (step: () => Promise<void>): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      try {
        await step();
        return;
      } catch (thrown) {
        const { code, message } = QuorateError.from(thrown);
        // Something that time does not mend.
        if (hopeless.has(code)) throw thrown;
        log.debug({ error: message }, 'not ready yet');
        await clock.sleep(retryMs, signal);
      }
    }
  };
  await Promise.all([
    insist(() => ensureAll(registry, kinds, refs.namespaces, namespaces)),
    insist(() => ensureAll(registry, kinds, refs.priorityClasses, priorityClasses)),
    insist(() => reconcileRoles(registry, kinds)),
  ]);
}

const hopeless = new Set<string>(['invalid', 'bad-request', 'internal']);
