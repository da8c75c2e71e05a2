import type { Authorizer } from '../auth/authorizer.ts';
import type { RbacAuthorizer } from '../auth/rbac/authorizer.ts';
import type { WatchCache } from '../watch/watch-cache.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { certificateRequests } from './plugins/certificates.ts';
import { defaultTolerationSeconds } from './plugins/default-toleration-seconds.ts';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { limitRanger } from './plugins/limit-ranger.ts';
import { nodeRestriction } from './plugins/node-restriction.ts';
import { priorityPlugin } from './plugins/priority.ts';
import { resourceQuotaPlugin } from './plugins/resource-quota.ts';
import { roleEscalation } from './plugins/role-escalation.ts';
import { runtimeClassPlugin } from './plugins/runtime-class.ts';
import {
  claimResize,
  defaultStorageClassPlugin,
  storageObjectInUseProtection,
} from './plugins/storage.ts';
import { type ServiceAccountDeps, serviceAccountPlugin } from './plugins/service-account.ts';

export interface AdmissionOptions {
  /** Names of plugins to leave out, as in Kubernetes' --disable-admission-plugins. */
  readonly disabled?: readonly string[] | undefined;
  /** What DefaultTolerationSeconds writes; absent: Kubernetes' 300. */
  readonly tolerationSeconds?: number | undefined;
}

export interface AdmissionDeps extends ServiceAccountDeps {
  readonly watches: WatchCache;
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
}

const kubernetesSeconds = 300;

/** What every server has, in Kubernetes' order. */
export function defaultPlugins(
  { disabled = [], tolerationSeconds = kubernetesSeconds }: AdmissionOptions,
  deps: AdmissionDeps,
): AdmissionPlugin[] {
  const { watches, kinds, authorizer, rbac } = deps;
  const plugins = [
    namespaceLifecycle(deps),
    limitRanger(watches, kinds),
    serviceAccountPlugin(deps),
    priorityPlugin(watches, kinds),
    defaultTolerationSeconds(tolerationSeconds),
    defaultStorageClassPlugin(watches, kinds),
    storageObjectInUseProtection,
    claimResize(watches, kinds),
    runtimeClassPlugin(deps),
    nodeRestriction(watches, kinds),
  ];
  const wanted = plugins.filter(({ name }) => !disabled.includes(name));
  // The last that may refuse: what it charges is charged.
  const quota = disabled.includes('ResourceQuota') ? [] : [resourceQuotaPlugin(deps)];
  // Not a choice: without them, roles would hold nobody.
  const held = [roleEscalation(authorizer, rbac), certificateRequests(authorizer)];
  return [...wanted, ...held, ...quota];
}
