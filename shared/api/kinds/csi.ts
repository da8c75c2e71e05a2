import { invalidValue, required } from '../causes.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { equalJson } from '../equal.ts';
import type { CSIDriver, CSINode, CSIStorageCapacity, VolumeAttachment } from '../types.ts';
import { declare } from './declare.ts';

const group = 'storage.k8s.io';

export const volumeAttachment = declare<VolumeAttachment>({
  group,
  resource: 'volumeattachments',
  kind: 'VolumeAttachment',
  namespaced: false,
  hasStatus: true,
  columns: [
    nameColumn,
    column('Attacher', ({ spec }) => spec.attacher, 'Which driver attaches it.'),
    column('PV', ({ spec }) => spec.source.persistentVolumeName ?? '', 'What is attached.'),
    column('Node', ({ spec }) => spec.nodeName, 'To which node.'),
    column('Attached', ({ status }) => status?.attached ?? false, 'Whether it is.', 'boolean'),
    ageColumn,
  ],
  prepareForCreate: (draft) => {
    draft.status = { attached: false };
  },
  validate: ({ spec }, old) => {
    const causes = [];
    if (spec.attacher === '') causes.push(required('spec.attacher'));
    if (spec.nodeName === '') causes.push(required('spec.nodeName'));
    const { persistentVolumeName, inlineVolumeSpec } = spec.source;
    if (!persistentVolumeName && !inlineVolumeSpec) {
      const detail = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
      causes.push(required('spec.source', detail));
    }
    if (old && !equalJson(spec, old.spec)) {
      causes.push(invalidValue('spec', spec, 'field is immutable'));
    }
    return causes;
  },
});

export const csiDriver = declare<CSIDriver>({
  group,
  resource: 'csidrivers',
  kind: 'CSIDriver',
  namespaced: false,
  columns: [
    nameColumn,
    column('AttachRequired', ({ spec }) => spec.attachRequired ?? true, 'Attached?', 'boolean'),
    column('PodInfoOnMount', ({ spec }) => spec.podInfoOnMount ?? false, 'Pods told?', 'boolean'),
    column('StorageCapacity', ({ spec }) => spec.storageCapacity ?? false, 'Tracked?', 'boolean'),
    column(
      'TokenRequests',
      ({ spec }) =>
        (spec.tokenRequests ?? []).map(({ audience }) => audience).join(',') || '<unset>',
      'Audiences of the tokens it wants.',
    ),
    column(
      'RequiresRepublish',
      ({ spec }) => spec.requiresRepublish ?? false,
      'Whether it is called again and again.',
      'boolean',
    ),
    column(
      'Modes',
      ({ spec }) => (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
      'Kinds of volumes.',
    ),
    ageColumn,
  ],
  defaults: ({ spec }: Partial<CSIDriver>) => {
    if (!spec) return;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    spec.volumeLifecycleModes ??= ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  validate: ({ spec }, old) =>
    old && spec.attachRequired !== old.spec.attachRequired
      ? [invalidValue('spec.attachedRequired', spec.attachRequired, 'field is immutable')]
      : [],
});

export const csiNode = declare<CSINode>({
  group,
  resource: 'csinodes',
  kind: 'CSINode',
  namespaced: false,
  columns: [
    nameColumn,
    column('Drivers', ({ spec }) => spec.drivers.length, 'How many drivers it has.', 'integer'),
    ageColumn,
  ],
  defaults: ({ spec }: Partial<CSINode>) => {
    if (spec) spec.drivers ??= [];
  },
});

export const csiStorageCapacity = declare<CSIStorageCapacity>({
  group,
  resource: 'csistoragecapacities',
  kind: 'CSIStorageCapacity',
  columns: [
    nameColumn,
    column('StorageClassName', ({ storageClassName }) => storageClassName, 'Of which class.'),
    column('Capacity', ({ capacity }) => capacity ?? '', 'How much there is.'),
  ],
  validate: ({ storageClassName }, old) => {
    if (storageClassName === '') return [required('storageClassName')];
    return old && storageClassName !== old.storageClassName
      ? [invalidValue('storageClassName', storageClassName, 'field is immutable')]
      : [];
  },
});
