import { forbidden, invalidValue, notSupported, required } from '../causes.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { equalJson } from '../equal.ts';
import type { StorageClass } from '../types.ts';
import { qualifiedName } from '../validation/names.ts';
import { declare } from './declare.ts';

/** Claims that name no class get the one with this annotation. */
export const defaultClassAnnotation = 'storageclass.kubernetes.io/is-default-class';

const reclaimPolicies = ['Delete', 'Retain'];
const bindingModes = ['Immediate', 'WaitForFirstConsumer'];

export const storageClass = declare<StorageClass>({
  group: 'storage.k8s.io',
  resource: 'storageclasses',
  kind: 'StorageClass',
  shortNames: ['sc'],
  namespaced: false,
  columns: [
    { ...nameColumn, cell: shownName },
    column('Provisioner', ({ provisioner }) => provisioner, 'Who makes its volumes.'),
    column('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? '', 'What becomes of them.'),
    column('VolumeBindingMode', (each) => each.volumeBindingMode ?? '', 'When they are made.'),
    column(
      'AllowVolumeExpansion',
      ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false,
      'Whether they can grow.',
      'boolean',
    ),
    ageColumn,
  ],
  defaults: (draft) => {
    draft.reclaimPolicy ??= 'Delete';
    draft.volumeBindingMode ??= 'Immediate';
  },
  validate: (object, old) => {
    const { provisioner, reclaimPolicy = '', volumeBindingMode = '' } = object;
    const causes = [];
    if (provisioner === '') causes.push(required('provisioner'));
    else {
      for (const error of qualifiedName(provisioner.toLowerCase())) {
        causes.push(invalidValue('provisioner', provisioner, error));
      }
    }
    if (!reclaimPolicies.includes(reclaimPolicy)) {
      causes.push(notSupported('reclaimPolicy', reclaimPolicy, reclaimPolicies));
    }
    if (!bindingModes.includes(volumeBindingMode)) {
      causes.push(notSupported('volumeBindingMode', volumeBindingMode, bindingModes));
    }
    for (const key of ['parameters', 'provisioner', 'reclaimPolicy'] as const) {
      if (!old || equalJson(object[key] ?? {}, old[key] ?? {})) continue;
      causes.push(forbidden(key, `updates to ${key} are forbidden.`));
    }
    if (old && old.volumeBindingMode !== volumeBindingMode) {
      causes.push(invalidValue('volumeBindingMode', volumeBindingMode, 'field is immutable'));
    }
    return causes;
  },
});

export const isDefaultClass = ({ metadata }: StorageClass): boolean =>
  metadata?.annotations?.[defaultClassAnnotation] === 'true';

function shownName(object: StorageClass): string {
  const { name = '' } = object.metadata ?? {};
  return isDefaultClass(object) ? `${name} (default)` : name;
}
