import { describe, expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import type { ContainerStatus } from '#services/agent';
import { isFailing, isWorking, unsettled } from '../converged.ts';
import { container, controlledBy, named, podKey, putNamespace, Store } from '../testing.ts';

test('a cluster has settled when everything is as it was asked for', () => {
  const store = new Store();
  putNamespace(store, 'default');
  const nodes = [{ name: 'n1', running: [] as ContainerStatus[], kept: [] as string[] }];
  const look = () => unsettled({ objects: store.history, nodes });
  expect(look()).toBe('node n1 is not registered');
  const conditions = [{ type: 'Ready', status: 'True' }];
  store.put('/registry/nodes/n1', {
    metadata: { name: 'n1', uid: 'n1' },
    status: { conditions },
  } as KubeObject);
  expect(look()).toBe('');
  const pod = { ...named('a'), spec: { nodeName: 'n1', containers: [] }, status: { conditions } };
  store.put(podKey('a'), pod);
  expect(look()).toBe('n1 does not run pod a');
  nodes[0]?.running.push(container('a'));
  expect(look()).toBe('pod a runs a_main_0; status undefined');
  const restarted = { ...pod, status: { conditions, ...told('a', 1) } };
  store.put(podKey('a'), restarted);
  expect(look()).toMatch(/pod a runs a_main_0; status .*"restartCount":1/);
  const running = { ...pod, status: { conditions, ...told('a') } };
  store.put(podKey('a'), running);
  expect(look()).toBe('');
  store.put(podKey('a'), { ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'now' } });
  expect(look()).toMatch(/was deleted and is still there/);
  store.remove(podKey('a'));
  expect(look()).toMatch(/n1 runs a_main_0, which is no pod of it/);
  nodes[0]?.running.pop();
  expect(look()).toBe('');
  nodes[0]?.kept.push('a');
  expect(look()).toBe('n1 keeps what is left of pod a, which is gone');
});

test('a program fails until it comes to the attempt that lasts, but for one on its way out', () => {
  const store = new Store();
  const put = (restarts: number, more: object = {}): boolean => {
    const command = ['sim', JSON.stringify({ hangs: { times: 2, afterMs: 1 } })];
    const spec = { nodeName: 'n1', containers: [{ name: 'main', command }] };
    const pod = { ...named('a'), spec, status: told('a', restarts), ...more };
    store.put(podKey('a'), pod);
    return isFailing({ objects: store.history, nodes: [] });
  };
  expect([put(0), put(1), put(2)]).toEqual([true, true, false]);
  expect(put(1, named('a', 'a', { deletionTimestamp: 'now' }))).toBe(false);
  expect(put(1, { status: { phase: 'Failed' } })).toBe(false);
  expect(put(1, { spec: { containers: [] } })).toBe(false);
});

test('a program that ends by itself is at work while it runs', () => {
  const store = new Store();
  const put = (uid: string, behaviour: object): void => {
    const command = ['sim', JSON.stringify(behaviour)];
    const spec = { nodeName: 'n1', containers: [{ name: 'main', command }] };
    store.put(podKey(uid), { ...named(uid), spec } as KubeObject);
  };
  put('server', {});
  put('job', { runMs: 15_000 });
  // Its Job has a deadline.
  put('endless', { runMs: 3_600_000 });
  const works = (...uids: string[]): boolean => {
    const nodes = [{ name: 'n1', running: uids.map((uid) => container(uid)), kept: [] }];
    return isWorking({ objects: store.history, nodes });
  };
  expect(works('server', 'endless', 'gone')).toBe(false);
  expect(works('server', 'job')).toBe(true);
  const conditions = [{ type: 'PodScheduled', status: 'False' }];
  const waiting = (behaviour: object): void => {
    const command = ['sim', JSON.stringify(behaviour)];
    const spec = { containers: [{ name: 'main', command }] };
    store.put(podKey('w'), { ...named('w'), spec, status: { conditions } } as KubeObject);
  };
  waiting({});
  expect(works('server')).toBe(false);
  waiting({ runMs: 500 });
  expect(works('server')).toBe(true);
});

const ready = [{ type: 'Ready', status: 'True' }];
const told = (uid: string, restartCount = 0) => ({
  containerStatuses: [
    { name: 'main', restartCount, containerID: `sim://${container(uid, restartCount).id}` },
  ],
});

/** A cluster with one node, on which everything that is bound to it runs. */
class World {
  readonly #store = new Store();
  readonly #running: ContainerStatus[] = [];

  constructor() {
    putNamespace(this.#store, 'default');
    const status = { conditions: ready, allocatable: { cpu: '1' } };
    this.put('nodes/n1', { metadata: { name: 'n1', uid: 'n1' }, status });
  }

  put(path: string, object: object): void {
    this.#store.put(`/registry/${path}`, object);
  }

  remove(path: string): void {
    this.#store.remove(`/registry/${path}`);
  }

  /** One that runs and is ready. */
  pod(name: string, metadata: object = {}): void {
    const pod = named(name, name, { labels: { app: 'a' }, ...metadata });
    const ports = [{ name: 'http', containerPort: 8000 }];
    const spec = { nodeName: 'n1', containers: [{ ports }] };
    const status = { phase: 'Running', conditions: ready, podIP: '10.0.0.1', ...told(name) };
    this.put(`pods/default/${name}`, { ...pod, spec, status });
    this.#running.push(container(name));
  }

  get wrong(): string {
    const kept = this.#running.map(({ podSandboxId }) => podSandboxId);
    const nodes = [{ name: 'n1', running: this.#running, kept }];
    return unsettled({ objects: this.#store.history, nodes });
  }
}

describe('it has not settled', () => {
  test('where something outlives its owner, whoever has the name now', () => {
    const world = new World();
    world.put('configmaps/default/o', { kind: 'ConfigMap', ...named('o', 'new') });
    world.put('secrets/default/s', {
      ...named('s', 's', {
        ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'old' }],
      }),
    });
    expect(world.wrong).toBe('secrets s outlives its ConfigMap o (old)');
    world.put('configmaps/default/o', { kind: 'ConfigMap', ...named('o', 'old') });
    expect(world.wrong).toBe('');
  });

  test('where something outlives its namespace', () => {
    const world = new World();
    world.put('configmaps/team/o', { metadata: { name: 'o', namespace: 'team', uid: 'o' } });
    expect(world.wrong).toBe('configmaps o outlives its namespace team');
  });

  test('where a pod waits for room that there is', () => {
    const world = new World();
    const containers = [{ resources: { requests: { cpu: '900m' } } }];
    const put = (message: string): void => {
      const conditions = [{ type: 'PodScheduled', status: 'False', message }];
      world.put('pods/default/p', { ...named('p'), spec: { containers }, status: { conditions } });
    };
    put('0/1 nodes are available: 1 of another kind.');
    expect(world.wrong).toBe('pods default/p waits for room, and n1 has it');
    const spec = { taints: [{ key: 'x', effect: 'NoSchedule' }] };
    const status = { conditions: ready, allocatable: { cpu: '1' } };
    world.put('nodes/n1', { metadata: { name: 'n1', uid: 'n1' }, spec, status });
    expect(world.wrong).toBe('');
    put('0/2 nodes are available: 2 too small.');
    expect(world.wrong).toMatch(/p is told 0.2 nodes .* instead of 0.1 nodes/);
  });

  test('where endpoints are not the pods that serve', () => {
    const world = new World();
    world.put('services/default/s', {
      ...named('s'),
      spec: { selector: { app: 'a' }, ports: [{ port: 80, targetPort: 'http' }] },
    });
    expect(world.wrong).toBe('');
    world.pod('p');
    expect(world.wrong).toBe('services default/s has endpoints [], ready are [10.0.0.1:8000]');
    const slice = (ip: string) =>
      world.put('discovery.k8s.io/endpointslices/default/s-1', {
        ...named('s-1', 's-1', { labels: { 'kubernetes.io/service-name': 's' } }),
        endpoints: [{ addresses: [ip] }],
        ports: [{ port: 8000 }],
      });
    slice('10.0.0.1');
    expect(world.wrong).toBe('services default/s has Endpoints [], ready are [10.0.0.1:8000]');
    world.put('endpoints/default/s', {
      ...named('s'),
      subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 8000 }] }],
    });
    expect(world.wrong).toBe('');
    world.put('discovery.k8s.io/endpointslices/default/s-2', {
      ...named('s-2', 's-2', { labels: { 'kubernetes.io/service-name': 's' } }),
      endpoints: [
        { addresses: [], conditions: { ready: false }, targetRef: { kind: 'Pod', name: 'q' } },
      ],
    });
    expect(world.wrong).toMatch(/still names q, which has ended/);
    world.remove('discovery.k8s.io/endpointslices/default/s-2');
    world.remove('services/default/s');
    expect(world.wrong).toMatch(/belongs to no Service \(s\)/);
    world.remove('discovery.k8s.io/endpointslices/default/s-1');
    expect(world.wrong).toBe('endpoints default/s belongs to no Service');
  });

  test('where a replica set has too many pods, or a budget counts wrongly', () => {
    const world = new World();
    const selector = { matchLabels: { app: 'a' } };
    const status = { replicas: 1, readyReplicas: 1 };
    const set = { kind: 'ReplicaSet', ...named('set'), spec: { replicas: 1, selector }, status };
    world.put('apps/replicasets/default/set', set);
    world.pod('p', controlledBy('ReplicaSet', 'set'));
    expect(world.wrong).toBe('');
    world.put('policy/poddisruptionbudgets/default/b', {
      ...named('b'),
      spec: { selector, minAvailable: 1 },
      status: { currentHealthy: 2, desiredHealthy: 1, expectedPods: 1, disruptionsAllowed: 1 },
    });
    expect(world.wrong).toMatch(/has currentHealthy 2 instead of 1/);
    world.put('policy/poddisruptionbudgets/default/b', {
      ...named('b'),
      spec: { selector, maxUnavailable: 1 },
      status: { currentHealthy: 1, desiredHealthy: 1, expectedPods: 2, disruptionsAllowed: 1 },
    });
    expect(world.wrong).toMatch(/has expectedPods 2 instead of 1/);
    world.pod('q', controlledBy('ReplicaSet', 'set'));
    expect(world.wrong).toBe('apps/replicasets default/set wants 1 pods, has 2');
  });

  test('where a controller keeps a pod that it selects no more', () => {
    const world = new World();
    const selector = { matchLabels: { app: 'a' } };
    const status = { replicas: 1, readyReplicas: 1 };
    const set = { kind: 'ReplicaSet', ...named('set'), spec: { replicas: 1, selector }, status };
    world.put('apps/replicasets/default/set', set);
    world.pod('p', { ...controlledBy('ReplicaSet', 'set'), labels: { app: 'b' } });
    expect(world.wrong).toBe(
      'apps/replicasets default/set controls pod p, which it does not select',
    );
    world.pod('p', controlledBy('ReplicaSet', 'set'));
    expect(world.wrong).toBe('');
  });

  test('where a job ended otherwise than its program does', () => {
    const world = new World();
    const job = (type: string, exitCode: number): void => {
      const command = ['sim', JSON.stringify({ exitCode })];
      const template = { spec: { containers: [{ command }] } };
      const conditions = [{ type, status: 'True' }];
      const status = { conditions, succeeded: 1, failed: 1 };
      const spec = { completions: 1, backoffLimit: 0, template };
      world.put('batch/jobs/default/j', { ...named('j'), spec, status });
    };
    job('Failed', 0);
    expect(world.wrong).toMatch(/ended as it should not/);
    job('Complete', 1);
    expect(world.wrong).toMatch(/ended as it should not/);
    job('Complete', 0);
    expect(world.wrong).toBe('');
  });
});

test('what each namespace has, and what sums and publishes, is looked at', () => {
  const store = new Store();
  putNamespace(store, 'default');
  const look = (servers?: string[]) =>
    unsettled({ objects: store.history, nodes: [], ...(servers && { servers }) });
  expect(look()).toBe('');
  const authority = '/registry/configmaps/default/kube-root-ca.crt';
  store.put(authority, { ...named('kube-root-ca.crt'), data: { more: 'x' } } as KubeObject);
  expect(look()).toBe('namespaces default has another authority: {"more":"x"}');
  store.remove(authority);
  expect(look()).toBe('namespaces default has no certificate of the authority');
  store.remove('/registry/serviceaccounts/default/default');
  expect(look()).toBe('namespaces default has no default account');
  putNamespace(store, 'default');
  expect(look(['10.0.0.1:6443'])).toMatch(/^the Service kubernetes has slices of /);
  const rules = [{ verbs: ['get'] }];
  const role = (name: string, more: object): void =>
    void store.put(`/registry/rbac.authorization.k8s.io/clusterroles/${name}`, {
      metadata: { name, uid: name, labels: { name } },
      ...more,
    });
  role('part', { rules });
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { name: 'part' } }] };
  role('sum', { aggregationRule });
  expect(look()).toMatch(/clusterroles sum has the rules /);
  role('sum', { aggregationRule, rules });
  expect(look()).toBe('');
});
