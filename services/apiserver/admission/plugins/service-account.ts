import {
  forbiddenTo,
  type KubeObject,
  notFound,
  type Pod,
  refs,
  type ServiceAccount,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { KindTable } from '../../registry/kinds.ts';
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
    },
  };
}

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
