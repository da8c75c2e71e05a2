import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Pod, Service } from '#shared/api';
import { planSlices } from './plan.ts';

function service(over: Partial<NonNullable<Service['spec']>> = {}): Service {
  const ports = [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }];
  return {
    metadata: { name: 's', namespace: 'default', uid: 'service-uid' },
    spec: { selector: { app: 'x' }, ports, clusterIP: '127.96.0.9', ...over },
  };
}

function pod(n: number, over: { ready?: boolean; deleting?: boolean; port?: number } = {}): Pod {
  const { ready = true, deleting = false, port = 8080 } = over;
  return {
    metadata: {
      name: `p${n}`,
      namespace: 'default',
      uid: `uid-${n}`,
      labels: { app: 'x' },
      ...(deleting && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: {
      nodeName: 'worker-1',
      containers: [{ name: 'a', ports: [{ name: 'web', containerPort: port }] }],
    },
    status: {
      podIP: `127.64.1.${n}`,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}

const addresses = (slice: EndpointSlice | undefined): string[] =>
  (slice?.endpoints ?? []).flatMap((endpoint) => endpoint.addresses);

describe('the plan of EndpointSlices', () => {
  it('says of each pod where it is and whether it serves', () => {
    const pods = [pod(2), pod(3, { ready: false }), pod(4, { deleting: true })];
    const { creates } = planSlices(service(), pods, []);
    expect(creates).toHaveLength(1);
    const [slice] = creates;
    expect(slice?.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
    expect(slice?.metadata?.labels?.['kubernetes.io/service-name']).toBe('s');
    expect(slice?.metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'Service', name: 's' });
    expect(slice?.endpoints.map(({ conditions }) => conditions)).toEqual([
      { ready: true, serving: true, terminating: false },
      { ready: false, serving: false, terminating: false },
      { ready: false, serving: true, terminating: true },
    ]);
    expect(slice?.endpoints[0]).toMatchObject({
      addresses: ['127.64.1.2'],
      nodeName: 'worker-1',
      targetRef: { kind: 'Pod', namespace: 'default', name: 'p2', uid: 'uid-2' },
    });
  });

  it('is empty when the slices say it already, and the same from an old cache', () => {
    const pods = [pod(2), pod(3)];
    const { creates } = planSlices(service(), pods, []);
    expect(planSlices(service(), pods, creates)).toEqual({ creates: [], updates: [], deletes: [] });
    const again = planSlices(service(), pods, []).creates;
    expect(again[0]?.metadata?.name).toBe(creates[0]?.metadata?.name);
  });

  it('leaves endpoints where they are, fills room, and drops what is empty', () => {
    const pods = Array.from({ length: 150 }, (_, i) => pod(i + 2));
    const { creates } = planSlices(service(), pods, []);
    expect(creates.map((slice) => slice.endpoints.length)).toEqual([100, 50]);
    const grown = planSlices(service(), [...pods, pod(200)], creates);
    expect(grown.creates).toEqual([]);
    expect(grown.updates.map((slice) => slice.endpoints.length)).toEqual([51]);
    const first = new Set(addresses(creates[0]));
    const rest = pods.filter(({ status }) => !first.has(status?.podIP ?? ''));
    const shrunk = planSlices(service(), rest, creates);
    expect(shrunk.updates.length + shrunk.deletes.length).toBe(1);
  });

  it('groups pods whose named ports differ', () => {
    const { creates } = planSlices(service(), [pod(2), pod(3, { port: 9090 })], []);
    expect(creates.map(({ ports }) => ports?.[0]?.port)).toEqual([8080, 9090]);
    expect(new Set(creates.map(({ metadata }) => metadata?.name)).size).toBe(2);
  });

  it('serves headless Services without ports, and pods that are not ready where asked', () => {
    const headless = service({ clusterIP: 'None', ports: [], publishNotReadyAddresses: true });
    const { creates } = planSlices(headless, [pod(2, { ready: false })], []);
    expect(creates[0]?.endpoints[0]?.conditions?.ready).toBe(true);
    expect(creates[0]?.metadata?.labels).toHaveProperty(['service.kubernetes.io/headless']);
  });

  it('leaves out pods that have ended, have no address, or are not selected', () => {
    const ended = { ...pod(2), status: { ...pod(2).status, phase: 'Failed' } };
    const { status: _status, ...unaddressed } = pod(3);
    const other = { ...pod(4), metadata: { ...pod(4).metadata, labels: { app: 'y' } } };
    expect(planSlices(service(), [ended, unaddressed, other], []).creates).toEqual([]);
  });
});
