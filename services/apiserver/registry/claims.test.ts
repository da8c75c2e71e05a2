import { beforeEach, describe, expect, it } from 'vitest';
import { type Node, refs, type Service } from '#shared/api';
import { codeOf, service, startApi, type TestApi } from '../testing/api-on-mvcc.ts';

let t: TestApi;
beforeEach(async () => {
  t = await startApi();
});

const claims = async (): Promise<string[]> => {
  const { kvs } = await t.kv.range({ key: '/registry/claims/', rangeEnd: '/registry/claims0' });
  return kvs.map(({ key }) => key.slice('/registry/claims/'.length));
};

describe('Service addresses', () => {
  it('are unique however many servers pick at once', async () => {
    // The same seed on both sides, so that they pick alike and collide.
    const servers = [await startApiTwin(), t.api];
    const made = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        (servers[i % 2] ?? t.api).create(refs.services, service(`s${i}`)),
      ),
    );
    const ips = made.map((each) => each.spec?.clusterIP ?? '');
    expect(new Set(ips).size).toBe(30);
    for (const ip of ips) expect(ip).toMatch(/^127\.96\.\d+\.\d+$/);
    expect(await claims()).toHaveLength(30);
  });

  const startApiTwin = async () => (await t.another()).api;

  it('go with the Service, in the same transaction', async () => {
    const made = await t.api.create(refs.services, service('s'));
    const again = service('other', { clusterIP: made.spec?.clusterIP ?? '' });
    await expect(t.api.create(refs.services, again)).rejects.toThrow(
      'provided IP is already allocated',
    );
    await t.api.delete(refs.services, 's');
    expect(await claims()).toEqual([]);
    expect(await codeOf(t.api.create(refs.services, again))).toBe('ok');
  });

  it('may be asked for within the range, refused, or not wanted', async () => {
    const outside = t.api.create(refs.services, service('a', { clusterIP: '10.0.0.1' }));
    await expect(outside).rejects.toThrow('not in the valid range');
    const headless = await t.api.create(refs.services, service('b', { clusterIP: 'None' }));
    expect(headless.spec?.clusterIP).toBe('None');
    const named = { type: 'ExternalName', externalName: 'example.com' };
    const external = await t.api.create<Service>(refs.services, service('c', named));
    expect(external.spec?.clusterIP).toBeUndefined();
    expect(await claims()).toEqual([]);
  });

  it('stay through an update that does not name them', async () => {
    const made = await t.api.create(refs.services, service('s'));
    const updated = await t.api.update<Service>(refs.services, {
      ...service('s'),
      spec: { ports: [{ port: 8080 }] },
    });
    expect(updated.spec?.clusterIP).toBe(made.spec?.clusterIP);
  });
});

describe('node ports', () => {
  const nodePort = (name: string, spec: Service['spec'] = {}) =>
    service(name, { type: 'NodePort', ...spec });
  const portsOf = ({ spec }: Service): (number | undefined)[] =>
    (spec?.ports ?? []).map((port) => port.nodePort);

  it('are unique however many servers pick at once', async () => {
    const servers = [(await t.another()).api, t.api];
    const made = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        (servers[i % 2] ?? t.api).create(refs.services, nodePort(`s${i}`)),
      ),
    );
    const ports = made.flatMap(portsOf);
    expect(new Set(ports).size).toBe(30);
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(30_086);
      expect(port).toBeLessThanOrEqual(32_767);
    }
    expect(made[0]?.spec?.externalTrafficPolicy).toBe('Cluster');
  });

  it('may be asked for within the range, once', async () => {
    const asked = (name: string, port: number) =>
      t.api.create(refs.services, nodePort(name, { ports: [{ port: 80, nodePort: port }] }));
    expect(portsOf(await asked('a', 30_001))).toEqual([30_001]);
    await expect(asked('b', 30_001)).rejects.toThrow(
      'spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated',
    );
    await expect(asked('b', 30)).rejects.toThrow(
      'spec.ports[0].nodePort: Invalid value: 30: provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
    await t.api.delete(refs.services, 'a');
    expect(portsOf(await asked('b', 30_001))).toEqual([30_001]);
  });

  it('are one for the protocols of one port, and several for several ports', async () => {
    const ports = [
      { name: 'dns', port: 53 },
      { name: 'dns-udp', port: 53, protocol: 'UDP' },
      { name: 'http', port: 80 },
    ];
    const [dns, udp, http] = portsOf(await t.api.create(refs.services, nodePort('s', { ports })));
    expect(udp).toBe(dns);
    expect(http).not.toBe(dns);
    expect((await claims()).filter((claim) => claim.startsWith('nodeport/'))).toHaveLength(2);
  });

  it('come, stay and go with the type that has them', async () => {
    await t.api.create(refs.services, service('s'));
    const update = (spec: Service['spec']) =>
      t.api.update<Service>(refs.services, service('s', spec));
    const given = portsOf(await update({ type: 'NodePort' }));
    expect(given).toEqual([expect.any(Number)]);
    expect(portsOf(await update({ type: 'LoadBalancer', ports: [{ port: 81 }] }))).toEqual(given);
    const current = await t.api.get<Service>(refs.services, 's');
    const back = await update({ ...current.spec, type: 'ClusterIP' });
    expect(portsOf(back)).toEqual([undefined]);
    expect(back.spec).not.toHaveProperty('externalTrafficPolicy');
    expect(back.spec).not.toHaveProperty('allocateLoadBalancerNodePorts');
    expect((await claims()).filter((claim) => claim.startsWith('nodeport/'))).toEqual([]);
    const ports = [{ port: 80, nodePort: 30_005 }];
    await expect(update({ ports })).rejects.toThrow(
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    );
  });

  it('of a load balancer are optional', async () => {
    const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false };
    expect(portsOf(await t.api.create(refs.services, service('s', spec)))).toEqual([undefined]);
    const given = await t.api.create(refs.services, service('t', { type: 'LoadBalancer' }));
    expect(portsOf(given)).toEqual([expect.any(Number)]);
  });
});

it('a node gets the lowest free pod network, and keeps it', async () => {
  const node = (name: string): Node => ({ metadata: { name } });
  const made = await Promise.all(
    ['a', 'b', 'c'].map((name) => t.api.create(refs.nodes, node(name))),
  );
  const cidrs = made.map(({ spec }) => spec?.podCIDR ?? '').sort();
  expect(cidrs).toEqual(['127.64.1.0/24', '127.64.2.0/24', '127.64.3.0/24']);
  const second = made.find(({ spec }) => spec?.podCIDR === '127.64.2.0/24');
  await t.api.delete(refs.nodes, second?.metadata?.name ?? '');
  const next = await t.api.create(refs.nodes, node('d'));
  expect(next.spec?.podCIDR).toBe('127.64.2.0/24');
});
