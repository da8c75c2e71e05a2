import { forbidden, required } from '../causes.ts';
import { ageColumn, column, nameColumn, wide } from '../columns.ts';
import { equalJson } from '../equal.ts';
import type { PersistentVolume } from '../types.ts';
import { accessModes, validateAccessModes } from '../validation/access-modes.ts';
import { notSupported } from '../causes.ts';
import { declare } from './declare.ts';

type Spec = NonNullable<PersistentVolume['spec']>;

const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];

/** Fields of the spec that say something else than where the data is. */
const common = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

export const persistentVolume = declare<PersistentVolume>({
  group: '',
  resource: 'persistentvolumes',
  kind: 'PersistentVolume',
  shortNames: ['pv'],
  namespaced: false,
  hasStatus: true,
  columns: [
    nameColumn,
    column('Capacity', ({ spec }) => spec?.capacity?.['storage'] ?? '', 'How much it holds.'),
    column('Access Modes', ({ spec }) => accessModes(spec?.accessModes), 'How it is mounted.'),
    column(
      'Reclaim Policy',
      ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? '',
      'What becomes of it without its claim.',
    ),
    column(
      'Status',
      ({ metadata, status }) =>
        metadata?.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
      'Whether a claim has it.',
    ),
    column(
      'Claim',
      ({ spec }) => (spec?.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : ''),
      'Which claim.',
    ),
    column('StorageClass', ({ spec }) => spec?.storageClassName ?? '', 'What kind of storage.'),
    column(
      'VolumeAttributesClass',
      ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>',
      'Its attributes.',
    ),
    column('Reason', ({ status }) => status?.reason ?? '', 'Why it is as it is.'),
    ageColumn,
    wide('VolumeMode', ({ spec }) => spec?.volumeMode ?? '<unset>', 'Filesystem or Block.'),
  ],
  prepareForCreate: (draft) => {
    draft.status = { phase: 'Pending' };
  },
  defaults: ({ spec }) => {
    if (!spec) return;
    spec.persistentVolumeReclaimPolicy ??= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    if (spec.hostPath) spec.hostPath.type ??= '';
  },
  validate: ({ spec }, old) => {
    if (!spec) return [required('spec')];
    const causes = validateAccessModes(spec.accessModes, 'spec.accessModes');
    if (!spec.capacity || Object.keys(spec.capacity).length === 0) {
      causes.push(required('spec.capacity'));
    }
    const sources = Object.keys(source(spec));
    if (sources.length === 0) causes.push(required('spec', 'must specify a volume type'));
    for (const kind of sources.slice(1)) {
      causes.push(forbidden(`spec.${kind}`, 'may not specify more than 1 volume type'));
    }
    if (spec.local && !spec.nodeAffinity) {
      causes.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
    }
    const policy = spec.persistentVolumeReclaimPolicy ?? '';
    if (!reclaimPolicies.includes(policy)) {
      causes.push(notSupported('spec.persistentVolumeReclaimPolicy', policy, reclaimPolicies));
    }
    if (old?.spec && !equalJson(source(spec), source(old.spec))) {
      const detail = 'spec.persistentvolumesource is immutable after creation';
      causes.push(forbidden('spec.persistentvolumesource', detail));
    }
    return causes;
  },
});

const source = (spec: Spec): object =>
  Object.fromEntries(Object.entries(spec).filter(([key]) => !common.has(key)));
