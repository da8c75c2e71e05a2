import { type ClusterRole, type ConfigMap, type ResourceQuota, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ApiClient } from '#shared/client';
import { Dice } from './dice.ts';

/** What users do with what the cluster keeps by itself, and with what only counts and sums. */
const kinds = ['default-object', 'role', 'pod-quota'] as const;
export type HouseStepKind = (typeof kinds)[number];

export const isHouseStep = (kind: string): kind is HouseStepKind =>
  (kinds as readonly string[]).includes(kind);

/** By which roles become a part of a sum. */
const sumLabel = 'sum';

export async function keepHouse(api: ApiClient, kind: HouseStepKind, pick: number): Promise<void> {
  if (kind === 'default-object') await disturb(api, pick);
  else if (kind === 'role') await changeRole(api, pick);
  else await changeQuota(api, pick);
}

/** What every namespace has is deleted, or made something else. */
async function disturb(api: ApiClient, pick: number): Promise<void> {
  const dice = new Dice(pick);
  const namespace = ['default', 'default', 'team-0', 'team-1'][dice.int(4)] ?? 'default';
  const [account, authority] = ['default', 'kube-root-ca.crt'];
  switch (dice.int(3)) {
    case 0:
      await api.delete(refs.serviceAccounts, account, { namespace });
      return;
    case 1:
      await api.delete(refs.configMaps, authority, { namespace });
      return;
    default: {
      const data = dice.int(2) === 0 ? { 'ca.crt': 'wrong' } : { more: 'than that' };
      await api.patch<ConfigMap>(refs.configMaps, authority, 'merge', { data }, { namespace });
    }
  }
}

/** A part of one of two sums, or of none; or one of the sums. */
function role(pick: number): ClusterRole {
  const dice = new Dice(pick);
  const kind = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };
  if (dice.int(3) === 0) {
    const sum = String(dice.int(2));
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { [sumLabel]: sum } }] };
    return { ...kind, metadata: { name: `sum-${sum}` }, aggregationRule };
  }
  const labels: Record<string, string> = { [sumLabel]: String(dice.int(3)) };
  const verbs = ['get', 'list', 'watch'].slice(0, 1 + dice.int(3));
  const resources = [['pods', 'services', 'secrets'][dice.int(3)] ?? 'pods'];
  const name = `part-${dice.int(3)}`;
  return { ...kind, metadata: { name, labels }, rules: [{ apiGroups: [''], resources, verbs }] };
}

async function changeRole(api: ApiClient, pick: number): Promise<void> {
  const wanted = role(pick);
  const name = wanted.metadata?.name ?? '';
  if (pick % 3 === 0) {
    await api.delete(refs.clusterRoles, name);
    return;
  }
  try {
    const { metadata } = await api.get<ClusterRole>(refs.clusterRoles, name);
    await api.update(refs.clusterRoles, {
      ...wanted,
      metadata: { ...metadata, ...wanted.metadata },
    });
  } catch (thrown) {
    if (!QuorateError.is(thrown, 'not-found')) throw thrown;
    await api.create(refs.clusterRoles, wanted);
  }
}

/** There is room for all of it: what counts is that it is counted. */
const ample: ResourceQuota = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'ample' },
  spec: { hard: { pods: '900', services: '90', 'count/jobs.batch': '900' } },
};

async function changeQuota(api: ApiClient, pick: number): Promise<void> {
  const namespace = ['default', 'default', 'team-0', 'team-1'][pick % 4] ?? 'default';
  if (Math.floor(pick / 4) % 6 === 0) {
    await api.delete(refs.resourceQuotas, 'ample', { namespace });
  } else await api.create(refs.resourceQuotas, ample, { namespace });
}
