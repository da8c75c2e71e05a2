import {
  defaultStorageClass,
  type KubeObject,
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
