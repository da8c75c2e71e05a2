import type { NodeInfo, PodInfo } from '../node-info.ts';

/**
 * What is worked out for a pod among all nodes, once for each such pair: neither ever changes, so
 * a check of a single node may ask as often as it likes.
 */
export function perDecision<T>(
  compute: (pod: PodInfo, nodes: readonly NodeInfo[]) => T,
): (pod: PodInfo, nodes: readonly NodeInfo[]) => T {
  const known = new WeakMap<readonly NodeInfo[], WeakMap<PodInfo, { readonly value: T }>>();
  return (pod, nodes) => {
    const ofNodes = known.get(nodes) ?? new WeakMap<PodInfo, { readonly value: T }>();
    known.set(nodes, ofNodes);
    const found = ofNodes.get(pod) ?? { value: compute(pod, nodes) };
    ofNodes.set(pod, found);
    return found.value;
  };
}
