import { describe, expect, test } from 'vitest';
import type { KubeObject, Pod } from '#shared/api';
import { ApiWatches } from './api-watches.ts';
import { Capacity } from './capacity.ts';
import { Counters } from './counters.ts';
import { Fencing } from './fencing.ts';
import { FreshReads } from './fresh-reads.ts';
import { JobCounts } from './job-counts.ts';
import { NoGhosts } from './no-ghosts.ts';
import { ObjectLife } from './object-life.ts';
import { OnePerOrdinal } from './one-per-ordinal.ts';
import { OverCreation } from './over-creation.ts';
import { StartedOnce } from './started-once.ts';
import { broken, container, controlledBy, mapKey, named, podKey, Store } from './testing.ts';
import { UniqueAddresses } from './unique-addresses.ts';

describe('pods', () => {
  test('an ordinal has one running pod', () => {
    const check = new OnePerOrdinal();
    const store = new Store(check);
    store.put(podKey('db-0'), named('db-0', 'a', controlledBy('StatefulSet', 'db')));
    check.started('n1', container('a'));
    store.put(podKey('db-0'), named('db-0', 'b', controlledBy('StatefulSet', 'db')));
    expect(broken(() => check.started('n2', container('b')))).toMatch(/runs twice/);
    check.exited('n1', container('a'));
    expect(broken(() => check.started('n2', container('b')))).toBe('kept');
  });

  test('an attempt is started once, and a pod on one node', () => {
    const check = new StartedOnce();
    check.started('n1', container('a'));
    expect(broken(() => check.started('n1', container('a', 1)))).toBe('kept');
    expect(broken(() => check.started('n1', container('a', 1)))).toMatch(/attempt 1/);
    expect(broken(() => check.started('n2', container('a', 2)))).toMatch(/was started on n1/);
  });

  test('an object goes after its containers', () => {
    const check = new NoGhosts();
    const store = new Store(check);
    store.put(podKey('a'), named('a'));
    check.started('n1', container('a'));
    expect(broken(() => store.remove(podKey('a')))).toMatch(/still runs it/);
    expect(broken(() => check.started('n1', container('a', 1)))).toMatch(/has been removed/);
  });

  test('a pod stays where it was bound, and what it came to', () => {
    const store = new Store(new ObjectLife());
    const at = (nodeName: string, phase: string): KubeObject =>
      ({ ...named('a'), spec: { nodeName }, status: { phase } }) as KubeObject;
    store.put(podKey('a'), at('n1', 'Succeeded'));
    expect(broken(() => store.put(podKey('a'), at('n2', 'Succeeded')))).toMatch(/bound to n1/);
    store.put(podKey('b'), at('n1', 'Failed'));
    expect(broken(() => store.put(podKey('b'), at('n1', 'Running')))).toMatch(/was Failed/);
    const going = { deletionTimestamp: 'now' };
    store.put(podKey('c'), named('c', 'c', going));
    const bound = { ...named('c', 'c', going), spec: { nodeName: 'n1' } };
    expect(broken(() => store.put(podKey('c'), bound))).toMatch(/on its way out/);
  });

  test('nodes are not overbooked', () => {
    const store = new Store(new Capacity(10));
    store.put('/registry/nodes/n1', {
      ...named('n1'),
      status: { allocatable: { cpu: '1' } },
    } as KubeObject);
    const bound = (nodeName: string): KubeObject =>
      ({
        ...named('a'),
        spec: { nodeName, containers: [{ resources: { requests: { cpu: '600m' } } }] },
      }) as KubeObject;
    store.put(podKey('a'), bound('n1'));
    expect(broken(() => store.put(podKey('b'), bound('n1')))).toMatch(/1200m of its 1000m/);
    expect(broken(() => store.put(podKey('c'), bound('n2')))).toMatch(/does not exist/);
  });

  test('that a node was deleted a moment ago need not be known', () => {
    const store = new Store(new Capacity(2));
    const bound = (name: string): KubeObject =>
      ({ ...named(name), spec: { nodeName: 'n1', containers: [] } }) as KubeObject;
    store.put('/registry/nodes/n1', { ...named('n1') });
    store.remove('/registry/nodes/n1');
    store.put(podKey('a'), bound('a'));
    store.put(podKey('b'), bound('b'));
    expect(broken(() => store.put(podKey('c'), bound('c')))).toMatch(/does not exist/);
  });

  test('controllers do not create beyond what was asked', () => {
    const check = new OverCreation();
    const store = new Store(check);
    const set = { ...named('set'), spec: { replicas: 1 } } as KubeObject;
    store.put('/registry/apps/replicasets/default/set', set);
    const pod = (name: string): KubeObject => named(name, name, controlledBy('ReplicaSet', 'set'));
    store.put(podKey('a'), pod('a'));
    expect(broken(() => store.put(podKey('b'), pod('b')))).toMatch(/pod 2 of ReplicaSet set/);
    check.uncertain();
    check.uncertain();
    expect(broken(() => store.put(podKey('c'), pod('c')))).toBe('kept');
  });
});

describe('objects', () => {
  test('what identifies them does not change', () => {
    const store = new Store(new ObjectLife());
    store.put(mapKey('a'), named('a', 'u1', { deletionTimestamp: 'now' }));
    expect(broken(() => store.put(mapKey('a'), named('a', 'u2')))).toMatch(/uid u1 becomes u2/);
    store.put(mapKey('b'), named('b', 'b', { deletionTimestamp: 'now' }));
    expect(broken(() => store.put(mapKey('b'), named('b')))).toMatch(/taken back/);
    store.put(mapKey('c'), named('c', 'c', { finalizers: ['x', 'y'] }));
    expect(broken(() => store.remove(mapKey('c')))).toMatch(/finalizers x,y/);
  });

  test('addresses are unique', () => {
    const store = new Store(new UniqueAddresses());
    const service = (name: string): KubeObject =>
      ({ ...named(name), spec: { clusterIP: '127.96.0.9' } }) as KubeObject;
    store.put('/registry/services/default/a', service('a'));
    const second = () => store.put('/registry/services/default/b', service('b'));
    expect(broken(second)).toMatch(/127.96.0.9 is/);
    store.remove('/registry/services/default/a');
    expect(broken(second)).toBe('kept');
  });

  test('a job counts a pod once', () => {
    const store = new Store(new JobCounts());
    const job = (succeeded: number): KubeObject =>
      ({ ...named('job'), spec: { completions: 2 }, status: { succeeded } }) as KubeObject;
    const done: Pod = { ...named('p', 'p', controlledBy('Job', 'job')) };
    store.put(podKey('p'), { ...done, status: { phase: 'Succeeded' } } as KubeObject);
    const count = (n: number) =>
      broken(() => store.put('/registry/batch/jobs/default/job', job(n)));
    expect(count(1)).toBe('kept');
    expect(count(2)).toMatch(/counts 2 that succeeded/);
  });

  test('a job that has failed too often gives up', () => {
    const store = new Store(new JobCounts());
    const put = (type: string) => {
      const status = { failed: 2, conditions: [{ type, status: 'True' }] };
      const job = { ...named('job'), spec: { backoffLimit: 1 }, status } as KubeObject;
      return broken(() => store.put('/registry/batch/jobs/default/job', job));
    };
    expect(put('Suspended')).toMatch(/goes on at revision 2 after 2 failures of 1/);
    expect(put('FailureTarget')).toBe('kept');
  });

  test('updates are not lost', () => {
    const store = new Store();
    const check = new Counters(store.history);
    check.counted('n', true);
    check.counted('n', true);
    store.put(mapKey('n'), { ...named('n'), data: { n: '1' } } as KubeObject);
    expect(broken(() => check.judge())).toMatch(/n is 1, but was counted up 2 times/);
    store.put(mapKey('n'), { ...named('n'), data: { n: '2' } } as KubeObject);
    expect(broken(() => check.judge())).toBe('kept');
  });
});

describe('the API', () => {
  const electionKv = (createRevision: number) => ({
    key: '/registry/elections/x',
    value: Buffer.from('{"leaseSeconds":2}'),
    createRevision,
    modRevision: createRevision,
    version: 1,
    lease: 0n,
  });

  test('a deposed leader writes nothing', () => {
    const check = new Fencing();
    check.elections([{ type: 'put', kv: electionKv(5) }], 5, 0);
    const write = (token: number, revision: number) =>
      broken(() =>
        check.wrote({ who: 's', what: 'create', fence: { election: 'x', token }, revision }),
      );
    expect(write(5, 7)).toBe('kept');
    check.elections([{ type: 'delete', kv: electionKv(5) }], 8, 0);
    expect(write(5, 9)).toMatch(/when 0 led x/);
    check.elections([{ type: 'put', kv: electionKv(10) }], 10, 0);
    expect(write(5, 12)).toMatch(/when 10 led x/);
    const without = { who: 's', what: 'create', fence: undefined, revision: 12 };
    expect(broken(() => check.wrote(without))).toMatch(/without a fence/);
  });

  test('a lead lasts as long as its lease, unless it is given back', () => {
    const ended = (atMs: number, token?: number): string => {
      const check = new Fencing();
      check.elections([{ type: 'put', kv: electionKv(5) }], 5, 0);
      check.renewed({ election: 'x', token: 5 }, 1000);
      if (token) check.resigns({ election: 'x', token });
      const event = { type: 'delete', kv: electionKv(5) } as const;
      return broken(() => check.elections([event], 8, atMs));
    };
    expect(ended(2000)).toMatch(/taken from 5 at revision 8, 800 ms before/);
    expect(ended(3000)).toBe('kept');
    expect(ended(2000, 5)).toBe('kept');
    expect(ended(2000, 4)).toMatch(/taken from 5/);
  });

  function watched(told: readonly [string, string, number][], open = true, now = 0): string {
    const store = new Store();
    const check = new ApiWatches(store.history, () => now);
    store.put(mapKey('a'), named('a'));
    const options = { resourceVersion: '2' };
    const record = check.begin('me', 'configmaps', options, () => true);
    store.put(mapKey('a'), named('a'));
    store.put(mapKey('b'), named('b'));
    store.remove(mapKey('a'));
    record.open = open;
    for (const [type, name, revision] of told) {
      const object = named(name, name, { resourceVersion: String(revision) });
      record.events.push({ type: type as 'ADDED', object });
    }
    return broken(() => check.judge());
  }

  test('a watch is ordered, unique and complete', () => {
    const all = [
      ['MODIFIED', 'a', 3],
      ['ADDED', 'b', 4],
      ['DELETED', 'a', 5],
    ] as const satisfies readonly (readonly [string, string, number])[];
    const told = (...picks: number[]) => watched(picks.map((i) => [...(all[i] ?? all[0])]));
    expect(told(0, 1, 2)).toBe('kept');
    expect(told(0)).toBe('kept');
    expect(told(1)).toMatch(/comes instead of MODIFIED default\/a/);
    expect(told(0, 0)).toMatch(/comes instead of ADDED/);
    expect(watched([['BOOKMARK', '', 4]])).toMatch(/a bookmark at 4 comes before/);
    expect(watched([['MODIFIED', 'b', 3]])).toMatch(/comes instead/);
    expect(watched([], true, 60_000)).toMatch(/never came/);
    expect(watched([], false, 60_000)).toBe('kept');
  });

  test('what is read is not older than the moment it was asked for', () => {
    const store = new Store();
    const check = new FreshReads(store.history);
    const version = (revision: number) => named('a', 'a', { resourceVersion: String(revision) });
    store.put(mapKey('a'), named('a'));
    store.put(mapKey('a'), named('a'));
    const read = {
      who: 'me',
      resource: 'configmaps',
      since: 3,
      namespace: 'default',
      selects: () => true,
    };
    expect(broken(() => check.got(read, 'a', version(3)))).toBe('kept');
    expect(broken(() => check.got(read, 'a', version(2)))).toMatch(/gets version 2; it was 3/);
    expect(broken(() => check.got(read, 'a', undefined))).toMatch(/gets version none/);
    const list = (revision: number, ...items: KubeObject[]) =>
      broken(() => check.listed(read, { items, resourceVersion: String(revision) }));
    expect(list(3, version(3))).toBe('kept');
    expect(list(2, version(2))).toMatch(/changed at 3/);
    expect(list(3)).toMatch(/\[\], not \[3\]/);
    store.remove(mapKey('a'));
    expect(broken(() => check.got(read, 'a', undefined))).toBe('kept');
  });
});
