import {
  defaultStorageClass,
  forbiddenTo,
  type KubeObject,
  parseQuantity,
  type PersistentVolumeClaim,
  refs,
  type StorageClass,
} from '#shared/api';
import type { KindTable } from '../../registry/kinds.ts';
import type { WatchCache } from '../../watch/watch-cache.ts';
import { type AdmissionPlugin, type AdmissionRequest, isKind } from '../plugin.ts';

const isNew = (request: AdmissionRequest, plural: string): boolean =>
  request.operation === 'create' && request.subresource === '' && isKind(request, '', plural);

/** A claim that names no class, not even the empty one, is of the default class. */
export function defaultStorageClassPlugin(watches: WatchCache, kinds: KindTable): AdmissionPlugin {
  const classes = watches.of(kinds.builtin(refs.storageClasses));
  return {
    name: 'DefaultStorageClass',
    handles: (request) => isNew(request, 'persistentvolumeclaims'),
    mutate(_request, draft) {
      const { spec, metadata } = draft as PersistentVolumeClaim;
      const beta = metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'];
      if (!spec || spec.storageClassName !== undefined || beta !== undefined) return;
      const all = classes.values() as StorageClass[];
      const name = defaultStorageClass(all)?.metadata?.name;
      if (name !== undefined) spec.storageClassName = name;
    },
  };
}

const bytesOf = ({ spec }: PersistentVolumeClaim): bigint =>
  parseQuantity(spec?.resources?.requests?.['storage'] ?? '0').nano;

/** A claim grows where its class lets it. */
export function claimResize(watches: WatchCache, kinds: KindTable): AdmissionPlugin {
  const classes = watches.of(kinds.builtin(refs.storageClasses));
  return {
    name: 'PersistentVolumeClaimResize',
    handles: (request) =>
      request.operation === 'update' &&
      request.subresource === '' &&
      isKind(request, '', 'persistentvolumeclaims'),
    validate({ resource, name }, object, old) {
      const [now, before] = [object, old] as (PersistentVolumeClaim | undefined)[];
      if (!now || !before || bytesOf(now) <= bytesOf(before)) return;
      if (before.status?.phase !== 'Bound') {
        throw forbiddenTo(resource, name, 'Only bound persistent volume claims can be expanded');
      }
      const all = classes.values() as StorageClass[];
      const used = all.find(({ metadata }) => metadata?.name === now.spec?.storageClassName);
      if (used?.allowVolumeExpansion === true) return;
      const why =
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
      throw forbiddenTo(resource, name, why);
    },
  };
}

const finalizers: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
};

/** Claims and volumes stay while they are used: a controller takes the finalizer away. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: (request) => Object.keys(finalizers).some((plural) => isNew(request, plural)),
  mutate({ resource }, draft: KubeObject) {
    const finalizer = finalizers[resource.resource] ?? '';
    const present = draft.metadata?.finalizers ?? [];
    if (present.includes(finalizer)) return;
    draft.metadata = { ...draft.metadata, finalizers: [...present, finalizer] };
  },
};
