import { beforeEach, describe, expect, it } from 'vitest';
import {
  type ConfigMap,
  type Deployment,
  type Job,
  type Namespace,
  type Pod,
  refs,
} from '#shared/api';
import { codeOf, configMap, pod, startApi, type TestApi } from '../testing/api-on-mvcc.ts';

let t: TestApi;
beforeEach(async () => {
  t = await startApi();
});

const deployment = (name: string, replicas: number): Deployment => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: pod(name).spec ?? { containers: [] } },
  },
});

describe('create', () => {
  it('gives system metadata and the revision of the write', async () => {
    const made = await t.api.create(refs.configMaps, configMap('a'));
    expect(made.metadata).toMatchObject({
      namespace: 'default',
      creationTimestamp: '2026-01-01T00:00:00Z',
    });
    expect(made.metadata?.uid).toMatch(/^uid-/);
    const read = await t.api.get(refs.configMaps, 'a', 'default');
    expect(read).toEqual(made);
    expect(Number(made.metadata?.resourceVersion)).toBe(t.kv.mvcc.revision);
  });

  it('refuses what exists, and names the collection', async () => {
    await t.api.create(refs.configMaps, configMap('a'));
    await expect(t.api.create(refs.configMaps, configMap('a'))).rejects.toThrow(
      'configmaps "a" already exists',
    );
  });

  it('draws another suffix where a generated name is taken', async () => {
    const body = { metadata: { generateName: 'job-' } };
    const made = await Promise.all(
      Array.from({ length: 20 }, () => t.api.create<ConfigMap>(refs.configMaps, body)),
    );
    const names = made.map(({ metadata }) => metadata?.name);
    expect(new Set(names).size).toBe(20);
    expect(names[0]).toMatch(/^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('needs a namespace that exists', async () => {
    const lost = { metadata: { name: 'a', namespace: 'nowhere' } };
    await expect(t.api.create(refs.configMaps, lost)).rejects.toThrow(
      'namespaces "nowhere" not found',
    );
    expect(await codeOf(t.api.create(refs.configMaps, lost, { namespace: 'default' }))).toBe(
      'bad-request',
    );
  });

  it('writes nothing on a dry run, and still finds what is wrong', async () => {
    const before = t.kv.mvcc.revision;
    await t.api.create(refs.configMaps, configMap('a'), { dryRun: true });
    expect(t.kv.mvcc.revision).toBe(before);
    await t.api.create(refs.configMaps, configMap('a'));
    const again = t.api.create(refs.configMaps, configMap('a'), { dryRun: true });
    expect(await codeOf(again)).toBe('already-exists');
  });

  it('answers bodies that are no object of the kind', async () => {
    for (const body of [null, [], 'x', 7, { kind: 'Pod' }, { metadata: 'x' }]) {
      const tried = t.api.create(refs.configMaps, body as ConfigMap);
      expect(await codeOf(tried)).toBe('bad-request');
    }
    const huge = configMap('a', { a: 'x'.repeat(1_700_000) });
    expect(await codeOf(t.api.create(refs.configMaps, huge))).toMatch(/^(too-large|invalid)$/);
    expect(await codeOf(t.api.create({ ...refs.pods, resource: 'cats' }, {}))).toBe('not-found');
    expect(await codeOf(t.api.get(refs.pods, '../../x', 'default'))).toBe('bad-request');
  });
});

describe('update', () => {
  it('refuses a stale resourceVersion and takes none as "whatever is there"', async () => {
    const first = await t.api.create(refs.configMaps, configMap('a', { n: '1' }));
    await t.api.update(refs.configMaps, { ...first, data: { n: '2' } });
    await expect(t.api.update(refs.configMaps, { ...first, data: { n: '3' } })).rejects.toThrow(
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    );
    const forced = await t.api.update(refs.configMaps, configMap('a', { n: '4' }));
    expect(forced.data).toEqual({ n: '4' });
  });

  it('does not write what changes nothing', async () => {
    const made = await t.api.create(refs.configMaps, configMap('a', { n: '1' }));
    const before = t.kv.mvcc.revision;
    const same = await t.api.update(refs.configMaps, configMap('a', { n: '1' }));
    expect(same.metadata?.resourceVersion).toBe(made.metadata?.resourceVersion);
    expect(t.kv.mvcc.revision).toBe(before);
  });

  it('keeps status and spec apart, and counts spec changes', async () => {
    const made = await t.api.create(refs.deployments, deployment('d', 1));
    expect(made.metadata?.generation).toBe(1);
    const scaled = await t.api.update(refs.deployments, {
      ...deployment('d', 2),
      status: { replicas: 9 },
    });
    expect(scaled.metadata?.generation).toBe(2);
    expect(scaled.status?.replicas).toBeUndefined();
    const told = await t.api.update(
      refs.deployments,
      { ...deployment('d', 5), status: { replicas: 2 } },
      { subresource: 'status' },
    );
    expect(told.spec?.replicas).toBe(2);
    expect(told.status?.replicas).toBe(2);
    expect(told.metadata?.generation).toBe(2);
  });

  it('retries an unconditional write that lost a race', async () => {
    await t.api.create(refs.configMaps, configMap('a'));
    const patches = Array.from({ length: 10 }, (_, i) =>
      t.api.patch(refs.configMaps, 'a', 'merge', { data: { [`k${i}`]: 'v' } }),
    );
    await Promise.all(patches);
    const read = await t.api.get<ConfigMap>(refs.configMaps, 'a', 'default');
    expect(Object.keys(read.data ?? {})).toHaveLength(10);
  });
});

describe('patch', () => {
  it('merges, and applies JSON patches', async () => {
    await t.api.create(refs.configMaps, configMap('a', { x: '1', y: '2' }));
    const merged = await t.api.patch<ConfigMap>(refs.configMaps, 'a', 'merge', {
      data: { x: null, z: '3' },
    });
    expect(merged.data).toEqual({ y: '2', z: '3' });
    const patched = await t.api.patch<ConfigMap>(refs.configMaps, 'a', 'json', [
      { op: 'replace', path: '/data/y', value: '5' },
    ]);
    expect(patched.data).toEqual({ y: '5', z: '3' });
  });

  it('holds to a resourceVersion or uid in the patch, and to the name', async () => {
    const made = await t.api.create(refs.configMaps, configMap('a'));
    await t.api.patch(refs.configMaps, 'a', 'merge', { data: { n: '1' } });
    const { resourceVersion } = made.metadata ?? {};
    const stale = { metadata: { resourceVersion }, data: { n: '2' } };
    expect(await codeOf(t.api.patch(refs.configMaps, 'a', 'merge', stale))).toBe('conflict');
    const other = { metadata: { uid: 'another' } };
    expect(await codeOf(t.api.patch(refs.configMaps, 'a', 'merge', other))).toBe('conflict');
    const renamed = { metadata: { name: 'b' } };
    expect(await codeOf(t.api.patch(refs.configMaps, 'a', 'merge', renamed))).toBe('bad-request');
  });
});

describe('list', () => {
  it('selects by labels and fields', async () => {
    await t.api.create(refs.pods, pod('a', { app: 'x' }));
    await t.api.create(refs.pods, pod('b', { app: 'y' }));
    const names = async (options: object) =>
      (await t.api.list(refs.pods, options)).items.map(({ metadata }) => metadata?.name);
    expect(await names({ labelSelector: 'app in (x, z)' })).toEqual(['a']);
    expect(await names({ fieldSelector: 'metadata.name=b' })).toEqual(['b']);
    expect(await names({ fieldSelector: 'spec.nodeName=' })).toEqual(['a', 'b']);
    expect(await names({ namespace: 'kube-system' })).toEqual([]);
    expect(await codeOf(t.api.list(refs.pods, { fieldSelector: 'spec.color=red' }))).toBe(
      'bad-request',
    );
  });

  it('pages through one snapshot', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await t.api.create(refs.configMaps, configMap(name));
    }
    const first = await t.api.list(refs.configMaps, { namespace: 'default', limit: 2 });
    expect(first.remainingItemCount).toBe(3);
    await t.api.create(refs.configMaps, configMap('bb'));
    await t.api.delete(refs.configMaps, 'd');
    const names = first.items.map(({ metadata }) => metadata?.name);
    let next = first.continue;
    while (next !== undefined) {
      const page = await t.api.list(refs.configMaps, {
        namespace: 'default',
        limit: 2,
        continue: next,
      });
      expect(page.resourceVersion).toBe(first.resourceVersion);
      names.push(...page.items.map(({ metadata }) => metadata?.name));
      next = page.continue;
    }
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('fills pages that a selector thins out', async () => {
    for (let i = 0; i < 12; i++) {
      await t.api.create(refs.pods, pod(`p${i + 10}`, { odd: String(i % 2) }));
    }
    const page = await t.api.list(refs.pods, { labelSelector: 'odd=1', limit: 4 });
    expect(page.items).toHaveLength(4);
    expect(page.remainingItemCount).toBeUndefined();
    const rest = await t.api.list(refs.pods, {
      labelSelector: 'odd=1',
      limit: 4,
      continue: page.continue,
    });
    expect(rest.items).toHaveLength(2);
    expect(rest.continue).toBeUndefined();
  });

  it('says when a page token has outlived the history', async () => {
    for (const name of ['a', 'b', 'c']) await t.api.create(refs.configMaps, configMap(name));
    const page = await t.api.list(refs.configMaps, { limit: 1 });
    await t.api.create(refs.configMaps, configMap('d'));
    await t.kv.compact(t.kv.mvcc.revision);
    await expect(
      t.api.list(refs.configMaps, { limit: 1, continue: page.continue }),
    ).rejects.toMatchObject({
      code: 'expired',
      message: expect.stringContaining('The provided continue parameter is too old'),
    });
    for (const token of ['x', 'e30', 'bnVsbA']) {
      expect(await codeOf(t.api.list(refs.configMaps, { continue: token }))).toBe('bad-request');
    }
  });
});

describe('delete', () => {
  it('removes at once where nothing keeps the object', async () => {
    await t.api.create(refs.configMaps, configMap('a'));
    expect((await t.api.delete(refs.configMaps, 'a')).gone).toBe(true);
    expect(await codeOf(t.api.delete(refs.configMaps, 'a'))).toBe('not-found');
  });

  it('holds to its preconditions', async () => {
    const made = await t.api.create(refs.configMaps, configMap('a'));
    const { uid, resourceVersion } = made.metadata ?? {};
    expect(await codeOf(t.api.delete(refs.configMaps, 'a', { uid: 'other' }))).toBe('conflict');
    await t.api.patch(refs.configMaps, 'a', 'merge', { data: { n: '1' } });
    expect(await codeOf(t.api.delete(refs.configMaps, 'a', { resourceVersion }))).toBe('conflict');
    expect(await codeOf(t.api.delete(refs.configMaps, 'a', { uid }))).toBe('ok');
  });

  it('waits for finalizers, and goes with the last of them', async () => {
    const body = { metadata: { name: 'a', finalizers: ['example.com/x'] } };
    await t.api.create(refs.configMaps, body);
    const deleted = await t.api.delete(refs.configMaps, 'a');
    expect(deleted.gone).toBe(false);
    expect(deleted.object.metadata?.deletionTimestamp).toBe('2026-01-01T00:00:00Z');
    const add = { metadata: { finalizers: ['example.com/x', 'example.com/y'] } };
    expect(await codeOf(t.api.patch(refs.configMaps, 'a', 'merge', add))).toBe('invalid');
    await t.api.patch(refs.configMaps, 'a', 'merge', { metadata: { finalizers: null } });
    expect(await codeOf(t.api.get(refs.configMaps, 'a', 'default'))).toBe('not-found');
  });

  it('leaves propagation to the garbage collector by its finalizers', async () => {
    await t.api.create(refs.configMaps, configMap('a'));
    await t.api.create(refs.configMaps, configMap('b'));
    const orphaned = await t.api.delete(refs.configMaps, 'a', { propagation: 'orphan' });
    expect(orphaned.object.metadata?.finalizers).toEqual(['orphan']);
    const first = await t.api.delete(refs.configMaps, 'b', { propagation: 'foreground' });
    expect(first.object.metadata?.finalizers).toEqual(['foregroundDeletion']);
    expect((await t.api.delete(refs.configMaps, 'b', { propagation: 'background' })).gone).toBe(
      true,
    );
  });

  it('gives a scheduled pod its grace period, which a second delete can only shorten', async () => {
    await t.api.create(refs.pods, pod('a'));
    const target = { target: { kind: 'Node', name: 'n' } } as Pod;
    await t.api.createSubresource(refs.pods, 'a', 'binding', target);
    const deleted = await t.api.delete(refs.pods, 'a');
    expect(deleted.gone).toBe(false);
    expect(deleted.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
    });
    const again = await t.api.delete(refs.pods, 'a', { gracePeriodSeconds: 60 });
    expect(again.object.metadata?.deletionGracePeriodSeconds).toBe(30);
    const sooner = await t.api.delete(refs.pods, 'a', { gracePeriodSeconds: 5 });
    expect(sooner.object.metadata?.deletionTimestamp).toBe('2026-01-01T00:00:05Z');
    expect((await t.api.delete(refs.pods, 'a', { gracePeriodSeconds: 0 })).gone).toBe(true);
  });

  it('takes a pod that no node runs at once', async () => {
    await t.api.create(refs.pods, pod('a'));
    expect((await t.api.delete(refs.pods, 'a')).gone).toBe(true);
  });
});

describe('namespaces', () => {
  it('close to new objects when deleted, and go when finalized', async () => {
    await t.api.create(refs.namespaces, { metadata: { name: 'team' } });
    await t.api.create(refs.configMaps, configMap('a'), { namespace: 'team' });
    const { object, gone } = await t.api.delete<Namespace>(refs.namespaces, 'team');
    expect([gone, object.status?.phase]).toEqual([false, 'Terminating']);
    await expect(
      t.api.create(refs.configMaps, configMap('b'), { namespace: 'team' }),
    ).rejects.toThrow(
      'configmaps "b" is forbidden: unable to create new content in namespace team because it is being terminated',
    );
    const finalized = { metadata: { name: 'team' }, spec: { finalizers: [] } };
    await t.api.update(refs.namespaces, finalized, { subresource: 'finalize' });
    expect(await codeOf(t.api.get(refs.namespaces, 'team'))).toBe('not-found');
  });

  it('learn of a namespace made again by another server', async () => {
    const other = await t.another();
    await t.api.create(refs.namespaces, { metadata: { name: 'team' } });
    await t.api.create(refs.configMaps, configMap('a'), { namespace: 'team' });
    await other.api.patch(refs.namespaces, 'team', 'merge', { metadata: { labels: { a: 'b' } } });
    await t.api.create(refs.configMaps, configMap('b'), { namespace: 'team' });
    await other.api.delete(refs.namespaces, 'team');
    const late = t.api.create(refs.configMaps, configMap('c'), { namespace: 'team' });
    expect(await codeOf(late)).toBe('forbidden');
  });

  it('that belong to the cluster stay', async () => {
    expect(await codeOf(t.api.delete(refs.namespaces, 'default'))).toBe('forbidden');
  });
});

describe('subresources', () => {
  it('binding happens once', async () => {
    await t.api.create(refs.pods, pod('a'));
    const bind = (name: string) =>
      t.api.createSubresource(refs.pods, 'a', 'binding', {
        target: { kind: 'Node', name },
      } as Pod);
    const tried = await Promise.all([codeOf(bind('n1')), codeOf(bind('n2'))]);
    expect(tried.sort()).toEqual(['conflict', 'ok']);
    const bound = await t.api.get<Pod>(refs.pods, 'a', 'default');
    expect(bound.spec?.nodeName).toMatch(/^n[12]$/);
    expect(bound.status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
  });

  it('unknown ones are refused', async () => {
    await t.api.create(refs.configMaps, configMap('a'));
    const tried = t.api.patch(refs.configMaps, 'a', 'merge', {}, { subresource: 'status' });
    expect(await codeOf(tried)).toBe('unimplemented');
  });
});

it('an Event goes by itself after an hour', async () => {
  const event = {
    metadata: { name: 'e' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Started',
    message: 'Started container main',
    type: 'Normal',
  };
  await t.api.create(refs.events, event);
  await t.clock.advance(3_590_000);
  expect(await codeOf(t.api.get(refs.events, 'e', 'default'))).toBe('ok');
  await t.clock.advance(140_000);
  expect(await codeOf(t.api.get(refs.events, 'e', 'default'))).toBe('not-found');
});

it('what the server adds to a new object by itself belongs to no field manager', async () => {
  const template = {
    spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b', command: ['true'] }] },
  };
  const job = await t.api.create<Job>(refs.jobs, { metadata: { name: 'j' }, spec: { template } });
  expect(job.spec?.selector?.matchLabels).toBeDefined();
  const owned = JSON.stringify(job.metadata?.managedFields);
  expect(owned).toContain('"f:template"');
  expect(owned).not.toContain('"f:selector"');
});
