import type { PersistentVolumeClaimSpec } from '../types.ts';

/** Of a claim, and of a template for claims. */
export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem';
}
