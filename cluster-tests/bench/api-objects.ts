import { prepareCreate, refs, resources as kinds } from '#shared/api';
import { createGrpcKvClient } from '#shared/client';
import { systemClock } from '#shared/clock';

const perTxn = 100;
const txnsInFlight = 8;

export const nodeName = (i: number): string => `node-${String(i).padStart(5, '0')}`;
export const podName = (i: number): string => `web-${String(i).padStart(6, '0')}`;
export const namespaceOf = (i: number): string => `team-${i % 50}`;

const createdAt = `${new Date().toISOString().slice(0, 19)}Z`;
const condition = (type: string, status: string) => ({
  type,
  status,
  lastHeartbeatTime: createdAt,
  lastTransitionTime: createdAt,
  reason: `Kubelet${type}`,
  message: `the agent says that ${type} is ${status}`,
});

const metadata = (name: string, namespace?: string) => ({
  name,
  ...(namespace !== undefined && { namespace }),
  uid: `00000000-0000-4000-8000-${name.replace(/\D/g, '').padStart(12, '0')}`,
  creationTimestamp: createdAt,
  generation: 1,
});

/** As an agent reports one. */
const node = (i: number): object => ({
  kind: 'Node',
  apiVersion: 'v1',
  metadata: {
    ...metadata(nodeName(i)),
    labels: {
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': nodeName(i),
      'kubernetes.io/os': 'linux',
      'topology.kubernetes.io/zone': `zone-${i % 3}`,
    },
  },
  spec: { podCIDR: `10.${i >> 8}.${i & 255}.0/24` },
  status: {
    capacity: { cpu: '32', memory: '256Gi', pods: '110' },
    allocatable: { cpu: '31', memory: '250Gi', pods: '110' },
    conditions: ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) =>
      condition(type, type === 'Ready' ? 'True' : 'False'),
    ),
    addresses: [{ type: 'InternalIP', address: `10.${i >> 8}.${i & 255}.1` }],
    nodeInfo: { architecture: 'amd64', kubeletVersion: 'v1.33.0', operatingSystem: 'linux' },
  },
});

const resources = {
  requests: { cpu: '100m', memory: '128Mi' },
  limits: { cpu: '500m', memory: '512Mi' },
};

/** As it runs: two kilobytes of it, as pods of a Deployment have. */
const pod = (i: number, nodes: number) => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: {
    ...metadata(podName(i), namespaceOf(i)),
    labels: { app: `app-${i % 500}`, 'pod-template-hash': '5d9c7b8f6d', tier: 'web' },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: `app-${i % 500}-5d9c7b8f6d`,
        uid: '00000000-0000-4000-8000-000000000000',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  },
  spec: {
    nodeName: nodeName(i % nodes),
    serviceAccountName: 'default',
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    containers: [
      {
        name: 'web',
        image: 'registry.example/web:1.2.3',
        args: ['--listen=:8080', '--log-level=info'],
        env: Array.from({ length: 8 }, (_, n) => ({ name: `SETTING_${n}`, value: `value ${n}` })),
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
        resources,
        readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10 },
        terminationMessagePath: '/dev/termination-log',
        imagePullPolicy: 'IfNotPresent',
      },
    ],
    tolerations: ['not-ready', 'unreachable'].map((key) => ({
      key: `node.kubernetes.io/${key}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
  },
  status: {
    phase: 'Running',
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: createdAt,
    })),
    hostIP: '10.0.0.1',
    podIP: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`,
    startTime: createdAt,
    containerStatuses: [
      {
        name: 'web',
        ready: true,
        restartCount: 0,
        image: 'registry.example/web:1.2.3',
        imageID: 'registry.example/web@sha256:0123456789abcdef',
        state: { running: { startedAt: createdAt } },
      },
    ],
  },
});

const podKind = kinds.find(
  ({ group, resource }) => group === '' && resource === refs.pods.resource,
);

/** With its defaults, as an API server stores it. */
function storedPod(i: number, nodes: number): object {
  if (!podKind) throw new Error('there is a kind of pods');
  const { status, ...given } = pod(i, nodes);
  const namespace = namespaceOf(i);
  const { uid } = given.metadata;
  const stored = prepareCreate(podKind, given, { namespace, uid, now: createdAt, suffix: '' });
  return { ...stored, status };
}

/** Puts so many nodes and pods into the store as if an API server had; resolves to their bytes. */
export async function fillCluster(
  endpoints: readonly string[],
  nodes: number,
  pods: number,
): Promise<number> {
  const kv = createGrpcKvClient({ endpoints, clock: systemClock, timeoutMs: 60_000 });
  const count = nodes + pods;
  let next = 0;
  let bytes = 0;
  const entry = (i: number): { key: string; value: Buffer } => {
    const [key, object] =
      i < nodes
        ? [`/registry/nodes/${nodeName(i)}`, node(i)]
        : [
            `/registry/pods/${namespaceOf(i - nodes)}/${podName(i - nodes)}`,
            storedPod(i - nodes, nodes),
          ];
    const value = Buffer.from(JSON.stringify(object));
    bytes += value.length;
    return { key, value };
  };
  const worker = async (): Promise<void> => {
    while (next < count) {
      const from = next;
      next = Math.min(count, next + perTxn);
      const success = Array.from(
        { length: next - from },
        (_, i) => ({ type: 'put', put: entry(from + i) }) as const,
      );
      await kv.txn({ compare: [], success, failure: [] });
    }
  };
  try {
    await Promise.all(Array.from({ length: txnsInFlight }, worker));
  } finally {
    await kv.close();
  }
  return bytes;
}
