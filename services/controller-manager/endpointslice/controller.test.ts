import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoints, type EndpointSlice, refs, type Service } from '#shared/api';
import { deployment, World } from '../testing/world.ts';

const inDefault = { namespace: 'default' };

describe('EndpointSlices', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start('worker-1', 'worker-2');
  });
  afterEach(() => world.stop());

  const slices = () => world.api.all<EndpointSlice>(refs.endpointSlices);
  const ready = (): number =>
    slices()
      .flatMap(({ endpoints }) => endpoints)
      .filter(({ conditions }) => conditions?.ready).length;

  it('are looked at when they are first seen, for their Service may have changed since they were written', async () => {
    const service: Service = {
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'nobody' }, ports: [{ port: 80 }] },
    };
    await world.api.create(refs.services, service);
    await world.pass(100);
    const slice: EndpointSlice = {
      metadata: {
        name: 'web-late',
        namespace: 'default',
        labels: {
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.64.1.9'], conditions: { ready: true } }],
    };
    world.api.seed(refs.endpointSlices, slice);
    const managed = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' };
    const older: Endpoints = { metadata: { name: 'gone', namespace: 'default', labels: managed } };
    world.api.seed(refs.endpoints, older);
    await world.pass(100);
    expect(slices()).toEqual([]);
    const names = world.api.all<Endpoints>(refs.endpoints).map(({ metadata }) => metadata?.name);
    expect(names).toEqual(['web']);
  });

  it('follow pods as they come, lose their node, and go; and go with their Service', async () => {
    const service: Service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    };
    await world.api.create(refs.services, service);
    await world.api.create(refs.deployments, deployment('web', {}));
    await world.pass(100);
    expect(ready()).toBe(0);
    await world.agentsWork();
    expect(ready()).toBe(3);
    const before = world.api.writes.length;
    await world.pass(2_000);
    expect(world.api.writes.slice(before)).toEqual([]);
    await world.api.patch(refs.deployments, 'web', 'merge', { spec: { replicas: 1 } }, inDefault);
    await world.pass(100);
    expect(ready()).toBe(1);
    await world.api.delete(refs.services, 'web', inDefault);
    await world.pass(100);
    expect(slices()).toEqual([]);
  });
});
