import { describe, expect, test } from 'vitest';
import type { KubeObject, Pod } from '#shared/api';
import { InOrder } from './in-order.ts';
import { Placement } from './placement.ts';
import { Promptness } from './promptness.ts';
import { Rollouts } from './rollouts.ts';
import { broken, controlledBy, named, podKey, Store } from './testing.ts';

const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const put = (store: Store, key: string, object: object): string =>
  broken(() => store.put(`/registry/${key}`, object));

describe('a rolling update', () => {
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } };

  function world(patienceMs = 0) {
    const store = new Store(new Rollouts(patienceMs));
    put(store, 'apps/deployments/default/d', { ...named('d'), spec: { replicas: 3, strategy } });
    const set = (name: string, replicas: number, availableReplicas: number): string =>
      put(store, `apps/replicasets/default/${name}`, {
        ...named(name, name, controlledBy('Deployment', 'd')),
        spec: { replicas },
        status: { availableReplicas },
      });
    set('old', 3, 3);
    return set;
  }

  test('adds no more than its surge', () => {
    const set = world();
    expect(set('new', 1, 0)).toBe('kept');
    expect(set('new', 2, 0)).toMatch(/makes it 5 pods, of 4/);
  });

  test('takes no more than may be unavailable', () => {
    const set = world();
    set('new', 1, 0);
    expect(set('old', 2, 3)).toBe('kept');
    expect(set('old', 1, 2)).toMatch(/fewer pods than the 2/);
  });

  test('is not excused by what its writer knew to be over', () => {
    const set = world(1000);
    set('old', 3, 0);
    set('old', 3, 3);
    set('new', 1, 0);
    expect(set('old', 1, 3)).toMatch(/fewer pods than the 2/);
  });

  test('may rest on what others were when its own version was written', () => {
    const set = world(1000);
    set('new', 1, 1);
    set('new', 1, 0);
    expect(set('old', 1, 3)).toBe('kept');
  });

  test('may take what does not serve anyway', () => {
    const set = world();
    set('old', 3, 1);
    set('old', 3, 1);
    expect(set('old', 1, 1)).toBe('kept');
  });
});

test('a pod of a stateful set is made when those before it are ready', () => {
  const store = new Store(new InOrder(0, false));
  put(store, 'apps/statefulsets/default/db', { ...named('db'), spec: {} });
  const pod = (name: string, status: object) =>
    put(store, `pods/default/${name}`, {
      ...named(name, name, controlledBy('StatefulSet', 'db')),
      status,
    });
  expect(pod('db-0', {})).toBe('kept');
  expect(pod('db-1', {})).toMatch(/db-0 is not ready/);
  expect(pod('db-0', ready)).toBe('kept');
  expect(pod('db-2', {})).toMatch(/db-1 is not ready/);
});

test('a StatefulSet whose pods have to be ready for a while waits for that', () => {
  const store = new Store(new InOrder(100, true));
  const at = (nowMs: number, name: string, status: object = {}): string => {
    store.nowMs = nowMs;
    const pod = named(name, name, controlledBy('StatefulSet', 'db'));
    return put(store, `pods/default/${name}`, { ...pod, status });
  };
  store.nowMs = 0;
  put(store, 'apps/statefulsets/default/db', { ...named('db'), spec: { minReadySeconds: 4 } });
  at(500, 'db-0');
  at(1000, 'db-0', ready);
  expect(at(2500, 'db-1')).toMatch(/db-1 is made .*db-0 is not ready for 4000 ms$/);
  store.remove('/registry/pods/default/db-1');
  expect(at(3000, 'db-1')).toBe('kept');
});

test('a pod is not bound to a node that has long repelled it, or that it is not meant for', () => {
  const store = new Store(new Placement(0));
  const node = (spec: object) => put(store, 'nodes/n1', { metadata: { name: 'n1' }, spec });
  const bound = (name: string, spec: object = {}) =>
    put(store, `pods/default/${name}`, { ...named(name), spec: { nodeName: 'n1', ...spec } });
  node({});
  expect(bound('a')).toBe('kept');
  node({ taints: [{ key: 'x', effect: 'NoSchedule' }] });
  expect(bound('b')).toMatch(/has had the taint x/);
  expect(bound('c', { tolerations: [{ key: 'x', operator: 'Exists' }] })).toBe('kept');
  node({ unschedulable: true });
  expect(bound('d')).toMatch(/unschedulable/);
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', values: ['n2'] }] }];
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  const affinity = { nodeAffinity: required };
  expect(bound('e', { affinity })).toMatch(/meant for n2/);
  const made = (name: string) =>
    put(store, `pods/default/${name}`, { ...named(name), spec: { affinity } });
  put(store, 'nodes/n2', { metadata: { name: 'n2' }, spec: { unschedulable: true } });
  for (const name of ['x', 'y']) put(store, 'configmaps/default/x', named(name));
  expect(made('f')).toMatch(/is made for n2 .*unschedulable/);
});

describe('where nothing fails', () => {
  function lasting(prepare: (store: Store) => void, boundMs = 100): string {
    const store = new Store();
    const check = new Promptness(store.history, boundMs);
    prepare(store);
    expect(broken(() => check.tick(0))).toBe('kept');
    return broken(() => check.tick(101));
  }

  const serving = (store: Store, pod: KubeObject): void => {
    store.put(podKey('p'), pod);
    const targetRef = { kind: 'Pod', name: 'p', uid: 'p' };
    put(store, 'discovery.k8s.io/endpointslices/default/s', {
      ...named('s'),
      endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true }, targetRef }],
    });
  };

  test('no endpoint is ready for long whose pod is not', () => {
    const going = { deletionTimestamp: 'now' };
    const of = (pod: object, boundMs?: number) => lasting((store) => serving(store, pod), boundMs);
    expect(of({ ...named('p'), status: ready })).toBe('kept');
    expect(of({ ...named('p', 'p', going), status: ready })).toMatch(/which is not/);
    expect(of({ ...named('p', 'p', going), status: ready }, Infinity)).toBe('kept');
    expect(of({ ...named('p', 'q'), status: ready })).toMatch(/which is gone/);
    const conditions = [{ type: 'Ready', status: 'False' }];
    expect(of({ ...named('p'), status: { phase: 'Failed', conditions } })).toMatch(/which is over/);
  });

  test('no pod serves for long that is no endpoint', () => {
    const of = (pod: object, service: object = {}, slice?: object) =>
      lasting((store) => {
        store.put('/registry/namespaces/default', { metadata: { name: 'default' } });
        store.put(podKey('p'), { ...pod, status: ready } as KubeObject);
        const spec = { selector: { app: 'a' }, ports: [{ port: 80 }] };
        put(store, 'services/default/s', { ...named('s'), spec, ...service });
        if (slice) put(store, 'discovery.k8s.io/endpointslices/default/s-1', slice);
      });
    const pod = named('p', 'p', { labels: { app: 'a' } });
    expect(of(pod)).toMatch(/s has no endpoint for p/);
    expect(of(named('p', 'p', { labels: { app: 'b' } }))).toBe('kept');
    expect(of(pod, { spec: { ports: [{ port: 80 }] } })).toBe('kept');
    const labels = { 'kubernetes.io/service-name': 's' };
    const endpoints = [{ addresses: [], targetRef: { kind: 'Pod', name: 'p', uid: 'p' } }];
    const slice = { ...named('s-1', 's-1', { labels }), endpoints };
    expect(of(pod, {}, slice)).toBe('kept');
    expect(of(named('p', 'p', { labels: { app: 'b' } }), {}, slice)).toMatch(/does not select/);
  });

  test('no budget counts for long who does not serve', () => {
    const counted = (pod: KubeObject, observedGeneration = 1) =>
      lasting((store) => {
        store.put(podKey('p'), pod);
        put(store, 'policy/poddisruptionbudgets/default/b', {
          ...named('b', 'b', { generation: 1 }),
          spec: { selector: { matchLabels: { app: 'web' } } },
          status: { currentHealthy: 1, observedGeneration },
        });
      });
    const pod = (more: object): KubeObject =>
      ({ ...named('p', 'p', { labels: { app: 'web' }, ...more }), status: ready }) as KubeObject;
    expect(counted(pod({}))).toBe('kept');
    expect(counted(pod({ deletionTimestamp: 'now' }))).toMatch(
      /counts 1 healthy pods, and 0 serve/,
    );
    expect(counted(pod({ labels: {} }))).toMatch(/0 serve/);
    expect(counted(pod({ labels: {} }), 0)).toBe('kept');
  });

  test('no pod stays where it is expelled', () => {
    const on = (effect: string, status?: Pod['status']) =>
      lasting((store) => {
        put(store, 'nodes/n1', {
          metadata: { name: 'n1' },
          spec: { taints: [{ key: 'x', effect }] },
        });
        put(store, 'pods/default/p', { ...named('p'), spec: { nodeName: 'n1' }, status });
      });
    expect(on('NoSchedule')).toBe('kept');
    expect(on('NoExecute')).toMatch(/expels it/);
    expect(on('NoExecute', { phase: 'Failed' })).toBe('kept');
  });

  test('no ReplicaSet has more pods for long, or fewer, than it is to have', () => {
    const of = (replicas: number, more: object = {}) =>
      lasting((store) => {
        store.put('/registry/namespaces/default', { metadata: { name: 'default' } });
        put(store, 'apps/replicasets/default/r', { ...named('r', 'r', more), spec: { replicas } });
        const owned = controlledBy('ReplicaSet', 'r');
        store.put(podKey('p'), named('p', 'p', owned));
        store.put(podKey('q'), named('q', 'q', { ...owned, deletionTimestamp: 'now' }));
      });
    expect(of(1)).toBe('kept');
    expect(of(2)).toMatch(/has fewer pods than the 2/);
    expect(of(0)).toMatch(/has more pods than the 0/);
    expect(of(2, { deletionTimestamp: 'now' })).toBe('kept');
  });
});
