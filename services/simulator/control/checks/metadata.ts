import type { KubeObject, Pod } from '#shared/api';

export const nameOf = ({ metadata }: KubeObject): string => metadata?.name ?? '';
export const uidOf = ({ metadata }: KubeObject): string => metadata?.uid ?? '';

/** Somebody has deleted it, and it is still there. */
export const isGoing = ({ metadata }: KubeObject): boolean =>
  metadata?.deletionTimestamp !== undefined;

/** Of a StatefulSet's pod. */
export const ordinalOf = (pod: Pod): number => Number(nameOf(pod).split('-').at(-1));
