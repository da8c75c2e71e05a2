import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import type { Node, NodeCondition, NodeStatus } from '#shared/api';

export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
  /** Where this agent's gRPC listens. */
  readonly port: number;
  readonly podsMax: number;
  readonly version: string;
  readonly bootId: string;
  readonly machineId: string;
}

/** Kubernetes' names of the machine: GOOS and GOARCH. */
const goArch: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** The Node as this agent registers it. */
export function nodeObject(facts: NodeFacts, readySince: string, now: string): Node {
  const architecture = goArch[arch()] ?? arch();
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: facts.name,
      labels: {
        'kubernetes.io/hostname': facts.name,
        'kubernetes.io/os': platform(),
        'kubernetes.io/arch': architecture,
        ...facts.labels,
      },
    },
    spec: {},
    status: nodeStatus(facts, readySince, now),
  };
}

/**
 * All of the machine, whatever else runs on it: agents on one machine each offer it whole, as a
 * cluster on a laptop wants it. Process mode enforces no limits anyway.
 */
export function nodeStatus(facts: NodeFacts, readySince: string, now: string): NodeStatus {
  const resources = {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: String(facts.podsMax),
  };
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
      architecture: goArch[arch()] ?? arch(),
      bootID: facts.bootId,
      machineID: facts.machineId,
      systemUUID: facts.machineId,
      kernelVersion: release(),
      operatingSystem: platform(),
      osImage: `${platform()} (${cpus()[0]?.model.trim() || 'unknown processor'})`,
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
    condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'agent has memory'),
    condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'agent has disk space'),
    condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'agent has process ids'),
    condition('Ready', 'True', 'KubeletReady', 'agent is posting ready status'),
  ];
}
