import { getControllerOf, type Node, type Pod } from '#shared/api';
import {
  type Amounts,
  amountsOf,
  minus,
  plus,
  podRequests,
  podRequestsForScoring,
} from './resources.ts';
import { type PodTerms, podTerms } from './pod-terms.ts';
import { noClaims, type PodClaims } from './volumes/pod-claims.ts';

/** What plugins ask of the pod they look for a place for, worked out once. */
export interface PodInfo {
  readonly pod: Pod;
  readonly requests: Amounts;
  readonly scoringRequests: Amounts;
  readonly hostPorts: readonly HostPort[];
  /** The uid of the controller that made it: pods of one are spread. */
  readonly owner: string | undefined;
  readonly priority: number;
  readonly terms: PodTerms;
  /** Of a pod that is on its node already: none, they are where they are. */
  readonly claims: PodClaims;
}

export interface HostPort {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

export function podInfo(pod: Pod, claims: PodClaims = noClaims): PodInfo {
  return {
    pod,
    requests: podRequests(pod),
    scoringRequests: podRequestsForScoring(pod),
    hostPorts: hostPortsOf(pod),
    owner: getControllerOf(pod)?.uid,
    priority: pod.spec?.priority ?? 0,
    terms: podTerms(pod),
    claims,
  };
}

export const uidOf = ({ pod }: PodInfo): string => pod.metadata?.uid ?? '';

function hostPortsOf(pod: Pod): HostPort[] {
  const { containers = [], initContainers = [], hostNetwork } = pod.spec ?? {};
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...containers, ...sidecars]
    .flatMap(({ ports = [] }) => ports)
    .map(({ protocol = 'TCP', hostIP = '0.0.0.0', hostPort, containerPort }) => ({
      protocol,
      ip: hostIP,
      port: hostPort ?? (hostNetwork ? containerPort : 0),
    }))
    .filter(({ port }) => port > 0);
}

/** One node with the pods on it, those just assigned included: a plugin's whole view of a node. */
export interface NodeInfo {
  readonly name: string;
  readonly node: Node;
  readonly allocatable: Amounts;
  readonly requested: Amounts;
  readonly scoringRequested: Amounts;
  readonly pods: ReadonlyMap<string, PodInfo>;
  /** How many of them want to be apart from others. */
  readonly guarded: number;
  /** By uid: those of them that the node is only promised to. They may never come. */
  readonly promised: ReadonlySet<string>;
}

const guards = ({ terms }: PodInfo): number => (terms.antiAffinity.length > 0 ? 1 : 0);

export function emptyNodeInfo(node: Node): NodeInfo {
  return {
    name: node.metadata?.name ?? '',
    node,
    allocatable: amountsOf(node.status?.allocatable ?? node.status?.capacity),
    requested: {},
    scoringRequested: {},
    pods: new Map(),
    guarded: 0,
    promised: new Set(),
  };
}

/** A NodeInfo to decide with, from a node and its pods. */
export function nodeInfo(node: Node, pods: Iterable<PodInfo>): NodeInfo {
  let info = emptyNodeInfo(node);
  for (const pod of pods) info = withPod(info, pod);
  return info;
}

export function withPod(info: NodeInfo, pod: PodInfo): NodeInfo {
  return {
    ...info,
    requested: plus(info.requested, pod.requests),
    scoringRequested: plus(info.scoringRequested, pod.scoringRequests),
    pods: new Map(info.pods).set(uidOf(pod), pod),
    guarded: info.guarded + guards(pod),
  };
}

export function withoutPod(info: NodeInfo, uid: string): NodeInfo {
  const pod = info.pods.get(uid);
  if (!pod) return info;
  const pods = new Map(info.pods);
  pods.delete(uid);
  return {
    ...info,
    requested: minus(info.requested, pod.requests),
    scoringRequested: minus(info.scoringRequested, pod.scoringRequests),
    pods,
    guarded: info.guarded - guards(pod),
  };
}

export const withPromised = (info: NodeInfo, pod: PodInfo): NodeInfo => ({
  ...withPod(info, pod),
  promised: new Set(info.promised).add(uidOf(pod)),
});

export const withoutPromised = (info: NodeInfo): NodeInfo =>
  info.promised.size === 0
    ? info
    : { ...[...info.promised].reduce(withoutPod, info), promised: new Set() };
