import {
  type Deployment,
  type PersistentVolume,
  type PersistentVolumeClaim,
  refs,
  type StatefulSet,
} from '#shared/api';
import { assertNever, QuorateError } from '#shared/base';
import type { ApiClient } from '#shared/client';
import { Dice } from './dice.ts';
import type { Kubectl } from './kubectl.ts';
import { deployment, statefulSet } from './manifests.ts';

/** What users do with volumes. */
const kinds = [
  'vault',
  'scale-vault',
  'claim',
  'claim-user',
  'delete-claim',
  'renew-claim',
  'delete-volume',
  'retain',
] as const;
export type StorageStepKind = (typeof kinds)[number];

export const isStorageStep = (kind: string): kind is StorageStepKind =>
  (kinds as readonly string[]).includes(kind);

const namespace = 'default';
/** Below it pods are plain: they go where their volumes are. */
const plain = 1000;

export async function store(
  api: ApiClient,
  kubectl: Kubectl,
  kind: StorageStepKind,
  pick: number,
): Promise<void> {
  switch (kind) {
    case 'vault':
      return kubectl.apply(refs.statefulSets, vault(pick), namespace);
    case 'scale-vault': {
      const patch = { spec: { replicas: pick % 4 } };
      await api.patch(refs.statefulSets, 'vault', 'merge', patch, { namespace });
      return;
    }
    case 'claim':
      await api.create(refs.persistentVolumeClaims, claim(pick), { namespace });
      return;
    case 'claim-user':
      await api.create(refs.persistentVolumeClaims, claim(pick), { namespace }).catch(unlessThere);
      return kubectl.apply(refs.deployments, reader(pick), namespace);
    case 'delete-claim':
      await kubectl.deleteAny(refs.persistentVolumeClaims, pick, namespace);
      return;
    case 'renew-claim':
      return renew(api, kubectl, pick);
    case 'delete-volume': {
      const { items } = await api.list<PersistentVolume>(refs.persistentVolumes);
      const name = items[pick % Math.max(1, items.length)]?.metadata?.name;
      if (name !== undefined) await api.delete(refs.persistentVolumes, name);
      return;
    }
    case 'retain': {
      const { items } = await api.list<PersistentVolume>(refs.persistentVolumes);
      const name = items[pick % Math.max(1, items.length)]?.metadata?.name;
      const patch = { spec: { persistentVolumeReclaimPolicy: 'Retain' } };
      if (name !== undefined) await api.patch(refs.persistentVolumes, name, 'merge', patch);
      return;
    }
    default:
      assertNever(kind, 'kind');
  }
}

/** As one does who wants an empty volume: the claim goes, and then the pod that uses it. */
async function renew(api: ApiClient, kubectl: Kubectl, pick: number): Promise<void> {
  const ordinal = pick % 3;
  await kubectl.delete(refs.persistentVolumeClaims, `data-vault-${ordinal}`, namespace);
  await api.delete(refs.pods, `vault-${ordinal}`, { namespace });
}

const claimSpec = {
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '1Gi' } },
};

/** Its pods have a claim each; what becomes of these may change. */
function vault(pick: number): StatefulSet {
  const dice = new Dice(pick + 5);
  const { metadata, spec, ...kind } = statefulSet('vault', pick % plain);
  const policy = (): 'Retain' | 'Delete' => (dice.int(2) === 0 ? 'Retain' : 'Delete');
  return {
    ...kind,
    metadata,
    spec: {
      ...spec,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: policy(), whenScaled: policy() },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimSpec }],
    },
  } as StatefulSet;
}

const claim = (pick: number): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: `claim-${pick % 2}` },
  spec: claimSpec,
});

/** All of its pods use one claim. */
function reader(pick: number): Deployment {
  const { metadata, spec, ...kind } = deployment(`reader-${pick % 2}`, pick % plain);
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: `claim-${pick % 2}` } }];
  const { template } = spec ?? {};
  return {
    ...kind,
    metadata,
    spec: { ...spec, template: { ...template, spec: { ...template?.spec, volumes } } },
  } as Deployment;
}

function unlessThere(thrown: unknown): void {
  if (!QuorateError.is(thrown, 'already-exists')) throw thrown;
}
