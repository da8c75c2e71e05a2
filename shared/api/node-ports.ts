import type { Service } from './types.ts';

type Spec = NonNullable<Service['spec']>;

/** Whether a Service of this type may have ports on the nodes. */
export const mayHaveNodePorts = ({ type }: Spec): boolean =>
  type === 'NodePort' || type === 'LoadBalancer';

/** Whether the server picks node ports for those of its ports that name none. */
export const allocatesNodePorts = (spec: Spec): boolean =>
  spec.type === 'NodePort' ||
  (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);

/** The ports of the nodes that it has, in the order of its ports; one number may serve two protocols. */
export const nodePortsOf = (spec: Spec | undefined): number[] =>
  (spec?.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []));

/** A manifest without the node ports that the server gave does not mean to take them away. */
export function keepNodePorts(draft: Spec, old: Spec): void {
  if (!mayHaveNodePorts(old) || !mayHaveNodePorts(draft)) return;
  const before = new Map((old.ports ?? []).map(({ name = '', nodePort }) => [name, nodePort]));
  const used = new Set(nodePortsOf(draft));
  for (const port of draft.ports ?? []) {
    const kept = before.get(port.name ?? '');
    if (port.nodePort || !kept || used.has(kept)) continue;
    port.nodePort = kept;
    used.add(kept);
  }
}

/**
 * What only the old type could have goes with it, unless the caller set it anew: then validation
 * says that it does not fit.
 */
export function dropWithType(draft: Spec, old: Spec): void {
  if (mayHaveNodePorts(old) && !mayHaveNodePorts(draft)) {
    const before = new Set(nodePortsOf(old));
    if (nodePortsOf(draft).every((port) => before.has(port))) {
      for (const port of draft.ports ?? []) delete port.nodePort;
    }
    if (draft.externalTrafficPolicy === old.externalTrafficPolicy) {
      delete draft.externalTrafficPolicy;
    }
  }
  const balanced = draft.type === 'LoadBalancer' || old.type !== 'LoadBalancer';
  if (balanced) return;
  if (draft.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts) {
    delete draft.allocateLoadBalancerNodePorts;
  }
}
