import {
  forbiddenTo,
  type KubeObject,
  notFound,
  type Pod,
  type PodSpec,
  refs,
  type ServiceAccount,
} from '#shared/api';
import { QuorateError, type Rng } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { KindTable } from '../../registry/kinds.ts';
import { nameSuffix } from '../../registry/names.ts';
import type { Registry } from '../../registry/registry.ts';
import { type AdmissionPlugin, type AdmissionRequest, isNewPod } from '../plugin.ts';

const defaultAccount = 'default';
/** A namespace gets its default account a moment after it was made: that is waited for. */
const tries = 30;
const retryMs = 100;

export interface ServiceAccountDeps {
  readonly registry: Registry;
  readonly kinds: KindTable;
  readonly clock: Clock;
  /** For the names of volumes. */
  readonly rng: Rng;
}

/** Every pod runs as an account that exists: the namespace's default one where it names none. */
export function serviceAccountPlugin(deps: ServiceAccountDeps): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    handles: isNewPod,
    async mutate(request, draft) {
      const { spec } = draft as Pod;
      if (!spec) return;
      const name = spec.serviceAccountName || spec.serviceAccount || defaultAccount;
      spec.serviceAccountName = name;
      spec.serviceAccount = name;
      const account = await findAccount(deps, request, name);
      const { imagePullSecrets = [] } = account;
      if ((spec.imagePullSecrets ?? []).length === 0 && imagePullSecrets.length > 0) {
        spec.imagePullSecrets = imagePullSecrets;
      }
      const mounts = spec.automountServiceAccountToken ?? account.automountServiceAccountToken;
      if (mounts !== false && !isMirror(draft)) mountToken(spec, deps.rng);
    },
  };
}

const isMirror = ({ metadata }: KubeObject): boolean =>
  metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined;

/** Where clients look for what they need to call the API. */
const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const volumePrefix = 'kube-api-access-';
/** An hour, and seven seconds by which Kubernetes knows tokens of this volume. */
const tokenSeconds = 3607;

/** Gives every container that has nothing there yet a token, the cluster's authority and its namespace. */
function mountToken(spec: PodSpec, rng: Rng): void {
  const lacking = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].filter(
    ({ volumeMounts = [] }) => !volumeMounts.some(({ mountPath }) => mountPath === tokenPath),
  );
  if (lacking.length === 0) return;
  const there = spec.volumes?.find(({ name }) => name.startsWith(volumePrefix));
  const name = there?.name ?? `${volumePrefix}${nameSuffix(rng)}`;
  if (!there) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
  for (const container of lacking) {
    const mount = { name, mountPath: tokenPath, readOnly: true };
    container.volumeMounts = [...(container.volumeMounts ?? []), mount];
  }
}

const tokenVolume = (name: string): NonNullable<PodSpec['volumes']>[number] => ({
  name,
  projected: {
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: tokenSeconds } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [
            { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
          ],
        },
      },
    ],
    defaultMode: 0o644,
  },
});

async function findAccount(
  { registry, kinds, clock }: ServiceAccountDeps,
  { resource, namespace, name: pod }: AdmissionRequest,
  name: string,
): Promise<ServiceAccount> {
  const accounts = kinds.builtin(refs.serviceAccounts);
  const patience = name === defaultAccount ? tries : 1;
  for (let attempt = 1; ; attempt++) {
    try {
      const account: KubeObject = await registry.get(accounts, name, namespace);
      return account;
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'not-found')) throw thrown;
    }
    if (attempt >= patience) {
      const { message } = notFound({ group: '', resource: 'serviceaccount' }, name);
      const why = `error looking up service account ${namespace}/${name}: ${message}`;
      throw forbiddenTo(resource, pod, why);
    }
    await clock.sleep(retryMs);
  }
}
