import {
  localStorageAnnotation,
  type Node,
  type NodeCondition,
  type NodeStatus,
} from '#shared/api';
import type { Machine } from '../host.ts';

export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
  /** Where this agent's gRPC listens. */
  readonly port: number;
  readonly podsMax: number;
  /** The network that its pods have addresses of, should the node be new to the API; empty: none have. */
  readonly podCidr: string;
  /** The folder in which volumes are made for claims. */
  readonly localStorage?: string | undefined;
  readonly version: string;
  readonly machine: Machine;
}

/** The Node as this agent registers it. */
export function nodeObject(facts: NodeFacts, readySince: string, now: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: facts.name,
      labels: {
        'kubernetes.io/hostname': facts.name,
        'kubernetes.io/os': facts.machine.operatingSystem,
        'kubernetes.io/arch': facts.machine.architecture,
        ...facts.labels,
      },
      ...(facts.localStorage !== undefined && {
        annotations: { [localStorageAnnotation]: facts.localStorage },
      }),
    },
    spec: facts.podCidr === '' ? {} : { podCIDR: facts.podCidr },
    status: nodeStatus(facts, readySince, now),
  };
}

/**
 * All of the machine, whatever else runs on it: agents on one machine each offer it whole, as a
 * cluster on a laptop wants it. Process mode enforces no limits anyway.
 */
export const nodeResources = ({ cpus, memoryKib }: Machine): { cpu: string; memory: string } => ({
  cpu: String(cpus),
  memory: `${memoryKib}Ki`,
});

export function nodeStatus(facts: NodeFacts, readySince: string, now: string): NodeStatus {
  const { machine } = facts;
  const resources = { ...nodeResources(machine), pods: String(facts.podsMax) };
  return {
    capacity: resources,
    allocatable: resources,
    conditions: conditions(readySince, now),
    addresses: [
      { type: 'InternalIP', address: facts.address },
      { type: 'Hostname', address: facts.name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: facts.port } },
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootId,
      machineID: machine.machineId,
      systemUUID: machine.machineId,
      kernelVersion: machine.kernelVersion,
      operatingSystem: machine.operatingSystem,
      osImage: machine.osImage,
      containerRuntimeVersion: `process://${facts.version}`,
      kubeletVersion: `v${facts.version}`,
      kubeProxyVersion: `v${facts.version}`,
    },
  };
}

function conditions(readySince: string, now: string): NodeCondition[] {
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: readySince,
  });
  return [
    condition(
      'MemoryPressure',
      'False',
      'KubeletHasSufficientMemory',
      'kubelet has sufficient memory available',
    ),
    condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    condition(
      'PIDPressure',
      'False',
      'KubeletHasSufficientPID',
      'kubelet has sufficient PID available',
    ),
    condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
  ];
}
