import { QuorateError } from '#shared/base';
import { type ComponentStatus, notFound } from '#shared/api';
import type { KvClient } from '#shared/client';
import type { Elections } from './elections/elections.ts';
import type { Reader } from './requests/readers.ts';

/** What each component is found to be; throws what is wrong with it. */
type Probe = () => Promise<void>;

/** Kubernetes' old way to ask how the control plane is: who leads, and whether the store answers. */
export function componentStatuses(kv: KvClient, elections: Elections): Reader {
  const leads = (election: string): Probe => {
    return async () => {
      const { identity } = await elections.leader(election);
      if (identity === '') throw new QuorateError('unavailable', `nobody leads as ${election}`);
    };
  };
  const probes: Readonly<Record<string, Probe>> = {
    'controller-manager': leads('kube-controller-manager'),
    'etcd-0': async () => void (await kv.range({ key: 'health' })),
    scheduler: leads('kube-scheduler'),
  };
  return {
    async get({ name, ref }) {
      const probe = Object.hasOwn(probes, name) ? probes[name] : undefined;
      if (!probe) throw notFound(ref, name);
      return statusOf(name, probe);
    },
    async list() {
      const all = Object.entries(probes).map(([name, probe]) => statusOf(name, probe));
      return { items: await Promise.all(all), resourceVersion: '' };
    },
  };
}

async function statusOf(name: string, probe: Probe): Promise<ComponentStatus> {
  const said = (status: string, message: string): ComponentStatus => ({
    apiVersion: 'v1',
    kind: 'ComponentStatus',
    metadata: { name },
    conditions: [{ type: 'Healthy', status, message }],
  });
  try {
    await probe();
    return said('True', 'ok');
  } catch (thrown) {
    return said('False', QuorateError.from(thrown).message);
  }
}
