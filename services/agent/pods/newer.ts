import type { Pod } from '#shared/api';
import type { PodRecord } from './pod-record.ts';

/**
 * Takes a pod as read or as answered to a write. The two come by different ways: an answer may be
 * newer than what the watch says next. Versions of one object can be compared.
 */
export function takeNewer(record: PodRecord, pod: Pod): boolean {
  if (pod.metadata?.uid !== record.uid || version(pod) < version(record.pod)) return false;
  record.pod = pod;
  return true;
}

function version({ metadata }: Pod): bigint {
  const text = metadata?.resourceVersion ?? '';
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}
