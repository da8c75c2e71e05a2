import { parseQuantity } from './quantity.ts';
import type { PodSpec } from './types.ts';

/** Guaranteed, Burstable or BestEffort: who is stopped first where memory runs out. */
export function qosClass(spec: PodSpec): string {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  let any = false;
  let guaranteed = true;
  for (const { resources = {} } of containers) {
    for (const name of ['cpu', 'memory']) {
      const limit = amount(resources.limits?.[name]);
      const request = amount(resources.requests?.[name]);
      if (limit > 0n || request > 0n) any = true;
      if (limit === 0n || limit !== request) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

const amount = (text: string | undefined): bigint =>
  text === undefined ? 0n : parseQuantity(text).nano;
