import { expect, test } from 'vitest';
import { createRng } from '#shared/base';
import { type EndpointSlice, refs, type Service } from '#shared/api';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { createApiServer } from '../server.ts';
import { startApi } from '../testing/api-on-mvcc.ts';

test('each server is an endpoint of the Service kubernetes for as long as it is there', async () => {
  const t = await startApi();
  const { api, kv, clock } = t;
  let uid = 0;
  const server = async (port: number) => {
    const api = createApiServer({
      kv,
      clock,
      log: silentLog,
      rng: createRng(port),
      uuid: () => `${port}-${++uid}`,
      kubernetesService: { advertise: `127.0.0.1:${port}`, clusterIp: '127.96.0.1', port: 443 },
    });
    await t.settle(api.start());
    await clock.advance(0);
    return api;
  };
  const ports = async (): Promise<unknown[]> => {
    const { items } = await api.list<EndpointSlice>(refs.endpointSlices, { namespace: 'default' });
    return items.flatMap((slice) => slice.ports ?? []).map(({ port }) => port);
  };
  const one = await server(1);
  const two = await server(2);
  await clock.advance(5_000);
  const { spec } = await api.get<Service>(refs.services, 'kubernetes', 'default');
  expect(spec).toMatchObject({ clusterIP: '127.96.0.1', ports: [{ name: 'https', port: 443 }] });
  expect(new Set(await ports())).toEqual(new Set([1, 2]));
  await t.settle(one.stop());
  expect(await ports()).toEqual([2]);
  await t.settle(two.stop());
});

test('a change of the endpoints counts as one of what is wanted', async () => {
  const t = await startApi();
  const { api, kv, clock } = t;
  let uid = 0;
  const server = async (host: string) => {
    const started = createApiServer({
      kv,
      clock,
      log: silentLog,
      rng: createRng(1),
      uuid: () => `${host}-${++uid}`,
      kubernetesService: { advertise: `${host}:6443`, clusterIp: '127.96.0.1', port: 443 },
    });
    await t.settle(started.start());
    await clock.advance(0);
    return started;
  };
  const slice = () => api.get<EndpointSlice>(refs.endpointSlices, 'kubernetes', 'default');
  const one = await server('10.0.0.1');
  expect((await slice()).metadata?.generation).toBe(1);
  const two = await server('10.0.0.2');
  await clock.advance(5_000);
  const { metadata, endpoints } = await slice();
  expect(endpoints).toHaveLength(2);
  expect(metadata?.generation).toBe(2);
  await t.settle(one.stop());
  await t.settle(two.stop());
});
