import type { KubeObject } from '#shared/api';
import type { DeleteOptions, PatchType } from './api-client.ts';

/**
 * Writes that may be sent again when it is not known whether they took effect: bound to a
 * resourceVersion or uid (the repetition may then report `conflict` or `not-found` although the first
 * one won), or setting the same values again. Creates never are.
 */
export const repeatable = {
  update: ({ metadata }: KubeObject): boolean => (metadata?.resourceVersion ?? '') !== '',
  patch: (type: PatchType): boolean => type === 'merge',
  delete: ({ uid, resourceVersion }: DeleteOptions): boolean =>
    uid !== undefined || resourceVersion !== undefined,
} as const;
