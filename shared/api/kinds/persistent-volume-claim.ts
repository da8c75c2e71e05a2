import type { FieldCause } from '#shared/base';
import { forbidden, invalidValue, required } from '../causes.ts';
import { ageColumn, column, nameColumn, wide } from '../columns.ts';
import { defaultClaimSpec } from '../defaults/claim-spec.ts';
import { equalJson } from '../equal.ts';
import { type Quantity, tryParseQuantity } from '../quantity.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../types.ts';
import { accessModes, validateAccessModes } from '../validation/access-modes.ts';
import { validateSelector } from '../validation/selectors.ts';
import { declare } from './declare.ts';

export const persistentVolumeClaim = declare<PersistentVolumeClaim>({
  group: '',
  resource: 'persistentvolumeclaims',
  kind: 'PersistentVolumeClaim',
  shortNames: ['pvc'],
  hasStatus: true,
  columns: [
    nameColumn,
    column(
      'Status',
      ({ metadata, status }) =>
        metadata?.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
      'Whether it has a volume.',
    ),
    column('Volume', ({ spec }) => spec?.volumeName ?? '', 'Which volume.'),
    column(
      'Capacity',
      ({ spec, status }) => (spec?.volumeName ? (status?.capacity?.['storage'] ?? '') : ''),
      'How much it holds.',
    ),
    column(
      'Access Modes',
      ({ spec, status }) => (spec?.volumeName ? accessModes(status?.accessModes) : ''),
      'How it is mounted.',
    ),
    column('StorageClass', ({ spec }) => spec?.storageClassName ?? '', 'What kind of storage.'),
    column(
      'VolumeAttributesClass',
      ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>',
      'Its attributes.',
    ),
    ageColumn,
    wide('VolumeMode', ({ spec }) => spec?.volumeMode ?? '<unset>', 'Filesystem or Block.'),
  ],
  prepareForCreate: (draft) => {
    draft.status = { phase: 'Pending' };
  },
  defaults: ({ spec }) => {
    if (spec) defaultClaimSpec(spec);
  },
  validate: ({ spec }, old) => {
    if (!spec) return [required('spec')];
    const causes = validateAccessModes(spec.accessModes, 'spec.accessModes');
    if (spec.selector) causes.push(...validateSelector(spec.selector, 'spec.selector'));
    const field = 'spec.resources[storage]';
    const asked = spec.resources?.requests?.['storage'];
    const amount = asked === undefined ? undefined : tryParseQuantity(asked);
    if (asked === undefined) causes.push(required(field));
    else if (amount && amount.nano <= 0n) {
      causes.push(invalidValue(field, asked, 'must be greater than zero'));
    }
    if (old?.spec && !equalJson(fixedPart(spec, old.spec), fixedPart(old.spec, old.spec))) {
      causes.push(forbidden('spec', updateRule));
    }
    causes.push(...shrunk(amount, old));
    return causes;
  },
});

/** A claim may grow, and be given up growing: it is never less than what it has. */
function shrunk(asked: Quantity | undefined, old: PersistentVolumeClaim | undefined): FieldCause[] {
  const sizeOf = (text: string | undefined): bigint =>
    (text === undefined ? undefined : tryParseQuantity(text))?.nano ?? 0n;
  const before = sizeOf(old?.spec?.resources?.requests?.['storage']);
  if (!asked || asked.nano >= before) return [];
  if (asked.nano > sizeOf(old?.status?.capacity?.['storage'])) return [];
  return [
    forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'),
  ];
}

const updateRule =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

/** The binder sets the volume's name once, and a default class where none was asked for. */
function fixedPart(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec): object {
  const {
    resources: _r,
    volumeAttributesClassName: _a,
    volumeName,
    storageClassName,
    ...rest
  } = spec;
  return {
    ...rest,
    ...(old.volumeName && { volumeName }),
    ...(old.storageClassName !== undefined && { storageClassName }),
  };
}
