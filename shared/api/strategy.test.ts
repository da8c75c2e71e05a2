import { expect, test } from 'vitest';
import {
  type ConfigMap,
  decodeObject,
  type Deployment,
  equalJson,
  type KubeObject,
  type Namespace,
  type Node,
  type Pod,
  prepareCreate,
  prepareStatusUpdate,
  refs,
  resources,
  type Secret,
  type Service,
} from './index.ts';
import {
  container,
  context,
  create,
  deploymentManifest,
  kind,
  podManifest,
  refusal,
  update,
} from './testing/samples.ts';

test('a new object gets what the server gives, and only that', () => {
  const pod = create<Pod>(refs.pods, {
    ...podManifest(),
    metadata: {
      name: 'web',
      labels: {},
      uid: 'mine',
      generation: 7,
      creationTimestamp: '2020-01-01T00:00:00Z',
      deletionTimestamp: '2020-01-01T00:00:00Z',
    },
    status: { phase: 'Running' },
  });
  expect(pod.metadata).toEqual({
    name: 'web',
    namespace: 'default',
    uid: '0a',
    creationTimestamp: '2026-01-01T00:00:00Z',
  });
  expect(pod.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  expect(Object.keys(pod).slice(0, 3)).toEqual(['apiVersion', 'kind', 'metadata']);
});

test('a generated name is the prefix and the suffix, within 63 characters', () => {
  const named = (generateName: string): string | undefined =>
    create(refs.configMaps, { metadata: { generateName } }).metadata?.name;
  expect(named('web-')).toBe('web-x7k2p');
  expect(named('a'.repeat(70))).toHaveLength(63);
});

test('creates that cannot be meant are refused', () => {
  const refused = (metadata: object): string =>
    refusal(() => create(refs.configMaps, { metadata }));
  expect(refused({})).toBe('metadata.name: Required value: name or generateName is required');
  expect(refused({ name: 'x', resourceVersion: '5' })).toBe(
    'resourceVersion should not be set on objects to be created',
  );
  expect(refused({ name: 'x', namespace: 'other' })).toBe(
    'the namespace of the provided object does not match the namespace sent on the request',
  );
  expect(refusal(() => create(refs.namespaces, { metadata: { name: 'x', namespace: 'y' } }))).toBe(
    'metadata.namespace: Forbidden: not allowed on this type',
  );
});

test('what is missing hides nothing else that is wrong, and is said once', () => {
  const body = {
    metadata: { name: 'x' },
    spec: { containers: [{ image: 'i', ports: [{}] }], restartPolicy: 'Sometimes' },
  };
  expect(refusal(() => create(refs.pods, body)).split('\n')).toEqual([
    'spec.containers[0].name: Required value',
    'spec.containers[0].ports[0].containerPort: Required value',
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
  ]);
  expect(refusal(() => create(refs.deployments, { metadata: { name: 'x' } }))).toContain('spec');
});

test('arguments are left as they were', () => {
  const resource = kind(refs.deployments);
  const { object } = decodeObject(resource, deploymentManifest());
  const before = structuredClone(object);
  const made = prepareCreate(resource, object, context);
  expect(object).toEqual(before);
  const stored = structuredClone(made);
  update(refs.deployments, made, { ...made, spec: { ...(made as Deployment).spec, replicas: 3 } });
  prepareStatusUpdate(resource, { ...made, status: { replicas: 1 } } as KubeObject, made);
  expect(made).toEqual(stored);
});

test('Kubernetes defaults of a Deployment', () => {
  const { spec } = create<Deployment>(refs.deployments, deploymentManifest());
  expect(spec).toMatchObject({
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
  });
  expect(spec?.template.spec).toMatchObject({
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
  });
});

test('Kubernetes defaults of a container', () => {
  const probe = { httpGet: { port: 80 } };
  const { spec } = create<Pod>(
    refs.pods,
    podManifest({
      containers: [
        {
          ...container,
          ports: [{ containerPort: 80 }],
          livenessProbe: probe,
          resources: { limits: { cpu: '1' } },
        },
        { name: 'latest', image: 'registry:5000/hello' },
      ],
    }),
  );
  expect(spec?.containers[0]).toMatchObject({
    imagePullPolicy: 'IfNotPresent',
    ports: [{ protocol: 'TCP' }],
    resources: { limits: { cpu: '1' }, requests: { cpu: '1' } },
    livenessProbe: {
      httpGet: { path: '/', scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    },
  });
  expect(spec?.containers[1]).toMatchObject({ imagePullPolicy: 'Always' });
});

test('defaults of the other kinds', () => {
  expect(create<Namespace>(refs.namespaces, { metadata: { name: 'team' } })).toMatchObject({
    metadata: { labels: { 'kubernetes.io/metadata.name': 'team' } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
  expect(
    create<Service>(refs.services, { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } }),
  ).toMatchObject({
    spec: {
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    },
  });
  const secret = create<Secret>(refs.secrets, {
    metadata: { name: 's' },
    data: { a: 'YQ==' },
    stringData: { b: 'grüß' },
  });
  expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'YQ==', b: 'Z3LDvMOf' } });
  expect(secret).not.toHaveProperty('stringData');
});

test('defaults are complete at once: an update with the same body changes nothing', () => {
  const made = create<Deployment>(refs.deployments, deploymentManifest());
  expect(equalJson(update(refs.deployments, made, made), made)).toBe(true);
  expect(equalJson(update(refs.deployments, made, deploymentManifest()), made)).toBe(true);
});

test('generation counts changes of the spec alone', () => {
  const made = create<Deployment>(refs.deployments, deploymentManifest());
  const generation = (body: unknown): number | undefined =>
    update(refs.deployments, made, body).metadata?.generation;
  expect(made.metadata?.generation).toBe(1);
  expect(generation(deploymentManifest({ replicas: 5 }))).toBe(2);
  expect(generation({ ...made, metadata: { labels: { a: 'b' } } })).toBe(1);
  expect(generation({ ...made, status: { replicas: 9 } })).toBe(1);
});

test('an update keeps the status, a status update all else', () => {
  const resource = kind(refs.deployments);
  const made = create<Deployment>(refs.deployments, deploymentManifest());
  const status = { replicas: 2 };
  const counted = prepareStatusUpdate(
    resource,
    { ...made, metadata: { labels: { a: 'b' } }, spec: {}, status } as KubeObject,
    made,
  ) as Deployment;
  expect(counted).toEqual({ ...made, status });
  const scaled = update<Deployment>(refs.deployments, counted, deploymentManifest({ replicas: 4 }));
  expect(scaled.status).toEqual(status);
  expect(scaled.spec?.replicas).toBe(4);
});

test('an object cannot be made another one', () => {
  const old = create<ConfigMap>(refs.configMaps, { metadata: { name: 'x' } });
  const refused = (metadata: object): string =>
    refusal(() => update(refs.configMaps, old, { metadata }));
  expect(refused({ name: 'y' })).toBe('metadata.name: Invalid value: "y": field is immutable');
  expect(refused({ creationTimestamp: '2020-01-01T00:00:00Z' })).toBe(
    'metadata.creationTimestamp: Invalid value: "2020-01-01T00:00:00Z": field is immutable',
  );
  expect(refused({ uid: 'other' })).toBe(
    'Operation cannot be fulfilled on configmaps "x": Precondition failed: UID in precondition: other, UID in object meta: 0a',
  );
});

test('an object on its way out takes no new finalizers, and may lose those it has', () => {
  const old = create<ConfigMap>(refs.configMaps, {
    metadata: { name: 'x', finalizers: ['example.com/a'] },
  });
  const going = { ...old, metadata: { ...old.metadata, deletionTimestamp: context.now } };
  const refused = (finalizers: string[]): string =>
    refusal(() => update(refs.configMaps, going, { metadata: { finalizers } }));
  expect(refused(['example.com/b'])).toBe(
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/b"}',
  );
  expect(refused([])).toBe('');
});

test("a namespace's finalizers do not change with the namespace", () => {
  const made = create<Namespace>(refs.namespaces, { metadata: { name: 'team' } });
  const resource = kind(refs.namespaces);
  expect(resource.deletion?.holds?.(made)).toBe(true);
  const kept = update<Namespace>(refs.namespaces, made, { ...made, spec: { finalizers: [] } });
  expect(kept.spec?.finalizers).toEqual(['kubernetes']);
  const freed: Namespace = { ...made, spec: { finalizers: [] } };
  expect(resource.deletion?.holds?.(freed)).toBe(false);
});

test('what the server allocated survives a manifest that does not say it', () => {
  const service = create<Service>(refs.services, {
    metadata: { name: 'web' },
    spec: { clusterIP: '127.96.0.9', ports: [{ port: 80 }] },
  });
  expect(kind(refs.services).claims?.(service)).toEqual(['clusterip/127.96.0.9']);
  const ported = update<Service>(refs.services, service, { spec: { ports: [{ port: 81 }] } });
  expect(ported.spec).toMatchObject({ clusterIP: '127.96.0.9', clusterIPs: ['127.96.0.9'] });
  expect(
    refusal(() =>
      update(refs.services, service, { spec: { clusterIP: '127.96.0.8', ports: [{ port: 80 }] } }),
    ),
  ).toBe('spec.clusterIPs[0]: Invalid value: ["127.96.0.8"]: may not change once set');

  const node = create<Node>(refs.nodes, {
    metadata: { name: 'worker-1' },
    spec: { podCIDR: '127.64.1.0/24' },
  });
  expect(kind(refs.nodes).claims?.(node)).toEqual(['podcidr/127.64.1.0/24']);
  const tainted = update<Node>(refs.nodes, node, {
    spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] },
  });
  expect(tainted.spec?.podCIDR).toBe('127.64.1.0/24');
});

test('pods get the time to end that they or the caller ask for, if an agent runs them', () => {
  const { deletion } = kind(refs.pods);
  const grace = (pod: Pod, requested: number | undefined): number | undefined =>
    deletion?.graceSeconds?.(pod, requested);
  const pod = create<Pod>(refs.pods, podManifest());
  const placed = create<Pod>(refs.pods, podManifest({ nodeName: 'worker-1' }));
  expect(grace(pod, 60)).toBe(0);
  expect(grace(placed, undefined)).toBe(30);
  expect(grace(placed, 0)).toBe(0);
  expect(grace({ ...placed, status: { phase: 'Succeeded' } }, 60)).toBe(0);
});

test('every kind has a schema, a name column and keys under /registry', () => {
  expect(resources.length).toBeGreaterThan(40);
  for (const resource of resources) {
    expect(Object.keys(resource.schema.properties ?? {})).toContain('metadata');
    expect(resource.storagePrefix).toMatch(/^\/registry\/([a-z.0-9]+\/)?[a-z]+\/$/);
  }
});
