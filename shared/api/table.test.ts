import { expect, test } from 'vitest';
import { findResource, type KubeObject, refs, type ResourceRef, toTable } from './index.ts';
import { create, deploymentManifest, kind, podManifest } from './testing/samples.ts';

const now = Date.UTC(2026, 0, 1, 0, 5);

function print(ref: ResourceRef, object: KubeObject, wide = false): [string, string] {
  const { columnDefinitions, rows } = toTable(kind(ref), [object], now);
  const shown = (i: number): boolean => wide || columnDefinitions[i]?.priority === 0;
  return [
    columnDefinitions
      .filter((_, i) => shown(i))
      .map((column) => column.name.toUpperCase())
      .join(' | '),
    (rows[0]?.cells ?? []).filter((_, i) => shown(i)).join(' | '),
  ];
}

test.each<[string, ResourceRef, unknown, object, string, string]>([
  [
    'pods',
    refs.pods,
    podManifest({ nodeName: 'worker-1' }),
    { phase: 'Running', podIP: '127.64.1.2' },
    'NAME | READY | STATUS | RESTARTS | AGE | IP | NODE | NOMINATED NODE | READINESS GATES',
    'web | 0/1 | Running | 0 | 5m | 127.64.1.2 | worker-1 | <none> | <none>',
  ],
  [
    'nodes',
    refs.nodes,
    {
      metadata: { name: 'worker-1', labels: { 'node-role.kubernetes.io/worker': '' } },
      spec: { unschedulable: true },
    },
    {
      conditions: [{ type: 'Ready', status: 'True' }],
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      nodeInfo: { kubeletVersion: 'v1' },
    },
    'NAME | STATUS | ROLES | AGE | VERSION | INTERNAL-IP | EXTERNAL-IP | OS-IMAGE | KERNEL-VERSION | CONTAINER-RUNTIME',
    'worker-1 | Ready,SchedulingDisabled | worker | 5m | v1 | 127.0.0.1 | <none> | <unknown> | <unknown> | <unknown>',
  ],
  [
    'deployments',
    refs.deployments,
    deploymentManifest({ replicas: 3 }),
    { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
    'NAME | READY | UP-TO-DATE | AVAILABLE | AGE | CONTAINERS | IMAGES | SELECTOR',
    'web | 2/3 | 3 | 1 | 5m | main | hello:1 | app=web',
  ],
  [
    'replicasets',
    refs.replicaSets,
    deploymentManifest({ replicas: 3 }),
    { replicas: 2, readyReplicas: 1 },
    'NAME | DESIRED | CURRENT | READY | AGE | CONTAINERS | IMAGES | SELECTOR',
    'web | 3 | 2 | 1 | 5m | main | hello:1 | app=web',
  ],
  [
    'services',
    refs.services,
    {
      metadata: { name: 'web' },
      spec: { clusterIP: '127.96.0.1', ports: [{ port: 80 }], selector: { app: 'web' } },
    },
    {},
    'NAME | TYPE | CLUSTER-IP | EXTERNAL-IP | PORT(S) | AGE | SELECTOR',
    'web | ClusterIP | 127.96.0.1 | <none> | 80/TCP | 5m | app=web',
  ],
  [
    'services',
    refs.services,
    {
      metadata: { name: 'web' },
      spec: { type: 'NodePort', clusterIP: '127.96.0.1', ports: [{ port: 80, nodePort: 30_123 }] },
    },
    {},
    'NAME | TYPE | CLUSTER-IP | EXTERNAL-IP | PORT(S) | AGE | SELECTOR',
    'web | NodePort | 127.96.0.1 | <none> | 80:30123/TCP | 5m | <none>',
  ],
  [
    'endpointslices',
    refs.endpointSlices,
    {
      metadata: { name: 'web-x' },
      addressType: 'IPv4',
      ports: [{ port: 80 }],
      endpoints: ['1', '2', '3', '4', '5'].map((n) => ({ addresses: [`127.64.1.${n}`] })),
    },
    {},
    'NAME | ADDRESSTYPE | PORTS | ENDPOINTS | AGE',
    'web-x | IPv4 | 80 | 127.64.1.1,127.64.1.2,127.64.1.3 + 2 more... | 5m',
  ],
  [
    'configmaps',
    refs.configMaps,
    { metadata: { name: 'c' }, data: { a: 'b' } },
    {},
    'NAME | DATA | AGE',
    'c | 1 | 5m',
  ],
  [
    'secrets',
    refs.secrets,
    { metadata: { name: 's' }, stringData: { a: 'b' } },
    {},
    'NAME | TYPE | DATA | AGE',
    's | Opaque | 1 | 5m',
  ],
  [
    'namespaces',
    refs.namespaces,
    { metadata: { name: 'team' } },
    { phase: 'Active' },
    'NAME | STATUS | AGE',
    'team | Active | 5m',
  ],
  [
    'leases',
    refs.leases,
    { metadata: { name: 'l' }, spec: { holderIdentity: 'master-1' } },
    {},
    'NAME | HOLDER | AGE',
    'l | master-1 | 5m',
  ],
])('%s as kubectl prints them', (_, ref, body, status, header, row) => {
  const object = create(ref, body);
  const shown = kind(ref).hasStatus ? { ...object, status } : object;
  expect(print(ref, shown, true)).toEqual([header, row]);
});

test('events', () => {
  const event = create(refs.events, {
    metadata: { name: 'web.1' },
    involvedObject: { kind: 'Pod', name: 'web', namespace: 'default' },
    type: 'Warning',
    reason: 'BackOff',
    message: 'no command',
    lastTimestamp: '2026-01-01T00:04:30Z',
  });
  expect(print(refs.events, event)).toEqual([
    'LAST SEEN | TYPE | REASON | OBJECT | MESSAGE',
    '30s | Warning | BackOff | pod/web | no command',
  ]);
});

test('rows carry the metadata, the table the list', () => {
  const pod = create(refs.pods, podManifest());
  const table = toTable(kind(refs.pods), [pod], now, { resourceVersion: '7' });
  expect(table).toMatchObject({ kind: 'Table', metadata: { resourceVersion: '7' } });
  expect(table.rows[0]?.object).toEqual({
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: pod.metadata,
  });
});

test('only known collections are found', () => {
  expect(findResource({ group: 'apps', version: 'v1', resource: 'pods' })).toBeUndefined();
});
