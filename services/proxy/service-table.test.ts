import { expect, test } from 'vitest';
import type { EndpointSlice, Service } from '#shared/api';
import { Balancer } from './balancer.ts';
import { serviceTable } from './service-table.ts';

const service = (spec: object): Service => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { clusterIP: '127.96.0.9', ports: [{ name: 'http', port: 80 }], ...spec },
});
const slice = (endpoints: object[], ports = [{ name: 'http', port: 8080 }]): EndpointSlice =>
  ({ addressType: 'IPv4', endpoints, ports }) as never;
const targets = (slices: EndpointSlice[], spec = {}) =>
  [...serviceTable([service(spec)], () => slices).values()].map((entry) => entry.targets);

test('the ready endpoints of every slice, in a fixed order', () => {
  const b = { addresses: ['10.0.0.2'], conditions: { ready: true } };
  const a = { addresses: ['10.0.0.1'] };
  const no = { addresses: ['10.0.0.3'], conditions: { ready: false } };
  expect(targets([slice([b, no]), slice([a])])).toEqual([['10.0.0.1:8080', '10.0.0.2:8080']]);
});

test('terminating endpoints serve only where none is ready', () => {
  const leaving = {
    addresses: ['10.0.0.1'],
    conditions: { ready: false, serving: true, terminating: true },
  };
  expect(targets([slice([leaving])])).toEqual([['10.0.0.1:8080']]);
  expect(targets([slice([leaving, { addresses: ['10.0.0.2'] }])])).toEqual([['10.0.0.2:8080']]);
});

test('ports are matched by name; headless and external services are not listened on', () => {
  const one = { addresses: ['10.0.0.1'] };
  expect(targets([slice([one], [{ name: 'other', port: 1 }])])).toEqual([[]]);
  expect(targets([slice([one])], { clusterIP: 'None' })).toEqual([]);
  expect(targets([slice([one])], { type: 'ExternalName' })).toEqual([]);
  const unnamed = { ports: [{ port: 80 }] };
  expect(targets([slice([one], [{ port: 1 } as never])], unnamed)).toEqual([['10.0.0.1:1']]);
});

test('a node port is listened on at 127.0.0.1 and leads to the same endpoints', () => {
  const ports = [
    { name: 'http', port: 80, nodePort: 30_123 },
    { name: 'dns', port: 53, nodePort: 30_124, protocol: 'UDP' },
  ];
  const one = { addresses: ['10.0.0.1'] };
  const table = serviceTable([service({ type: 'NodePort', ports })], () => [slice([one])]);
  const [cluster, node, ...more] = table.values();
  expect([...table.keys()]).toEqual(['127.96.0.9:80', '127.0.0.1:30123']);
  expect(node).toEqual({ ...cluster, host: '127.0.0.1', port: 30_123 });
  expect(more).toEqual([]);
});

test('endpoints come strictly in turn, also while others come and go', () => {
  let now = 0;
  const balancer = new Balancer({ monotonic: () => now });
  const none = new Set<string>();
  balancer.update(['a:1', 'b:1', 'c:1'], undefined);
  const pick = () => balancer.pick('client', none);
  expect([pick(), pick(), pick(), pick()]).toEqual(['a:1', 'b:1', 'c:1', 'a:1']);
  balancer.update(['a:1', 'c:1', 'd:1'], undefined);
  expect([pick(), pick(), pick()]).toEqual(['c:1', 'd:1', 'a:1']);
  expect(balancer.pick('client', new Set(['c:1']))).toBe('d:1');
  expect(balancer.pick('client', new Set(['a:1', 'c:1', 'd:1']))).toBeUndefined();
  balancer.update(['a:1', 'b:1'], 1000);
  const kept = balancer.pick('x', none);
  expect([balancer.pick('x', none), balancer.pick('x', none)]).toEqual([kept, kept]);
  now = 2000;
  expect(balancer.pick('x', none)).not.toBe(kept);
});
