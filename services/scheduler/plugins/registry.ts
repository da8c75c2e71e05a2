import { interPodAffinity } from './inter-pod-affinity.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { balancedAllocation, nodeResourcesFit } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import type { FilterPlugin, ScorePlugin } from './plugin.ts';
import { podTopologySpread } from './pod-topology-spread.ts';
import { taintToleration } from './taint-toleration.ts';
import { volumeBinding } from './volume-binding.ts';

/** In Kubernetes' order: a node is refused by the first that says no. */
export const filterPlugins: readonly FilterPlugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  volumeBinding,
  podTopologySpread,
  interPodAffinity,
];

export const scorePlugins: readonly ScorePlugin[] = [
  taintToleration,
  nodeAffinity,
  podTopologySpread,
  interPodAffinity,
  nodeResourcesFit,
  balancedAllocation,
];
