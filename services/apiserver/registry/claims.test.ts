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
