import { expect, test } from 'vitest';
import type { ConfigMap, Deployment, Pod } from '../index.ts';
import { refs } from '../refs.ts';
import {
  container,
  create,
  deploymentManifest,
  podManifest,
  refusal,
  update,
} from '../testing/samples.ts';

const pod = (spec: object): string => refusal(() => create(refs.pods, podManifest(spec)));
const main = (part: object): string => pod({ containers: [{ ...container, ...part }] });
const deployment = (spec: object): string =>
  refusal(() => create(refs.deployments, deploymentManifest(spec)));

const needed = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
const odd = { matchExpressions: [{ key: 'a', operator: 'Is' }] };

test.each([
  [{ containers: [] }, 'spec.containers: Required value'],
  [{ containers: [{ name: 'x' }] }, 'spec.containers[0].image: Required value'],
  [{ containers: [{ image: 'x' }] }, 'spec.containers[0].name: Required value'],
  [{ containers: [container, container] }, 'spec.containers[1].name: Duplicate value: "main"'],
  [
    { containers: [container], initContainers: [container] },
    'spec.initContainers[0].name: Duplicate value: "main"',
  ],
  [
    { restartPolicy: 'Sometimes' },
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
  ],
  [
    { terminationGracePeriodSeconds: -1 },
    'spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0',
  ],
  [
    { activeDeadlineSeconds: 0 },
    'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
  ],
  [
    { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] },
    'spec.tolerations[0].operator: Invalid value: "b": value must be empty when `operator` is \'Exists\'',
  ],
  [
    { affinity: { podAntiAffinity: { [needed]: [{ topologyKey: '', labelSelector: {} }] } } },
    `spec.affinity.podAntiAffinity.${needed}[0].topologyKey: Required value: can not be empty`,
  ],
  [
    {
      affinity: {
        podAffinity: { [preferred]: [{ weight: 101, podAffinityTerm: { topologyKey: 'zone' } }] },
      },
    },
    `spec.affinity.podAffinity.${preferred}[0].weight: Invalid value: 101: must be in the range 1-100`,
  ],
  [
    { affinity: { podAffinity: { [needed]: [{ topologyKey: 'zone', labelSelector: odd }] } } },
    `spec.affinity.podAffinity.${needed}[0].labelSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator`,
  ],
  [
    { affinity: { nodeAffinity: { [needed]: { nodeSelectorTerms: [] } } } },
    `spec.affinity.nodeAffinity.${needed}.nodeSelectorTerms: Required value: must have at least one node selector term`,
  ],
  [
    { affinity: { nodeAffinity: { [needed]: { nodeSelectorTerms: [odd] } } } },
    `spec.affinity.nodeAffinity.${needed}.nodeSelectorTerms[0].matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator`,
  ],
  [{ volumes: [{ name: 'a' }, { name: 'a' }] }, 'spec.volumes[1].name: Duplicate value: "a"'],
  [
    { volumes: [{ name: 'a', emptyDir: {}, hostPath: { path: '/' } }] },
    'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
  ],
])('pod spec %j', (spec, why) => {
  expect(pod(spec)).toBe(why);
});

test.each([
  [
    { ports: [{ containerPort: 70_000 }] },
    'ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
  [
    { ports: [{ containerPort: 80, protocol: 'tcp' }] },
    'ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"',
  ],
  [{ env: [{ name: '' }] }, 'env[0].name: Required value'],
  [
    { env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
    'env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
  ],
  [{ readinessProbe: {} }, 'readinessProbe: Required value: must specify a handler type'],
  [
    { livenessProbe: { tcpSocket: { port: 0 } } },
    'livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive',
  ],
  [
    { livenessProbe: { exec: { command: ['x'] }, successThreshold: 2 } },
    'livenessProbe.successThreshold: Invalid value: 2: must be 1',
  ],
  [
    { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
    'resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
  ],
  [
    { resources: { requests: { memory: '-1Gi' } } },
    'resources.requests[memory]: Invalid value: "-1Gi": must be greater than or equal to 0',
  ],
  [
    { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
    'volumeMounts[0].name: Not found: "data"',
  ],
  [
    { imagePullPolicy: 'Later' },
    'imagePullPolicy: Unsupported value: "Later": supported values: "Always", "IfNotPresent", "Never"',
  ],
])('container %j', (part, why) => {
  expect(main(part)).toBe(`spec.containers[0].${why}`);
});

test('names are told the whole rule', () => {
  expect(refusal(() => create(refs.pods, { ...podManifest(), metadata: { name: 'My_Pod' } }))).toBe(
    `metadata.name: Invalid value: "My_Pod": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
  );
  expect(
    refusal(() =>
      create(refs.services, { metadata: { name: '1web' }, spec: { ports: [{ port: 80 }] } }),
    ),
  ).toBe(
    `metadata.name: Invalid value: "1web": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
  );
  expect(refusal(() => create(refs.namespaces, { metadata: { name: 'a.b' } }))).toContain(
    'a lowercase RFC 1123 label must consist of',
  );
});

test('labels and annotations', () => {
  const refused = (metadata: object): string =>
    refusal(() => create(refs.configMaps, { metadata: { name: 'x', ...metadata } }));
  expect(refused({ labels: { 'a b': 'c' } })).toBe(
    `metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
  );
  expect(refused({ labels: { a: 'x'.repeat(64) } })).toContain(
    'must be no more than 63 characters',
  );
  expect(refused({ labels: { 'Example.com/a': 'c' } })).toContain(
    'prefix part a lowercase RFC 1123',
  );
  expect(refused({ annotations: { a: 'ü'.repeat(131_072) } })).toBe(
    'metadata.annotations: Too long: may not be more than 262144 bytes',
  );
  expect(refused({ finalizers: ['mine'] })).toBe(
    'metadata.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
  );
});

test.each([
  [{ replicas: -1 }, 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  [
    { selector: { matchLabels: { app: 'other' } } },
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ],
  [{ selector: {} }, 'spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
  [
    { selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } },
    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ],
  [
    { strategy: { type: 'Recreate', rollingUpdate: {} } },
    "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
  ],
  [
    { strategy: { type: 'Blue' } },
    'spec.strategy.type: Unsupported value: "Blue": supported values: "Recreate", "RollingUpdate"',
  ],
  [
    { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } },
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
  ],
  [
    { strategy: { rollingUpdate: { maxUnavailable: '101%' } } },
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
  ],
  [
    { strategy: { rollingUpdate: { maxSurge: 'half' } } },
    "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"half\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
  ],
  [
    { progressDeadlineSeconds: 5, minReadySeconds: 5 },
    'spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds',
  ],
  [
    {
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { restartPolicy: 'Never', containers: [container] },
      },
    },
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ],
  [
    { template: { metadata: { labels: { app: 'web' } } } },
    'spec.template.spec.containers: Required value',
  ],
])('deployment %j', (spec, why) => {
  expect(deployment(spec)).toBe(why);
});

test("a Deployment's selector stays", () => {
  const old = create<Deployment>(refs.deployments, deploymentManifest());
  const labels = { app: 'web', tier: 'x' };
  const next = deploymentManifest({
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [container] } },
  });
  expect(refusal(() => update(refs.deployments, old, next))).toBe(
    'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"x"}}: field is immutable',
  );
});

test("a pod's spec changes in few places", () => {
  const old = create<Pod>(refs.pods, podManifest({ tolerations: [{ operator: 'Exists' }] }));
  const change = (spec: object): string =>
    refusal(() => update(refs.pods, old, { ...old, spec: { ...old.spec, ...spec } }));
  expect(change({ containers: [{ ...old.spec?.containers[0], image: 'hello:2' }] })).toBe('');
  expect(change({ activeDeadlineSeconds: 10 })).toBe('');
  expect(change({ nodeName: 'elsewhere' })).toContain(
    'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
  );
  expect(change({ tolerations: [{ key: 'a', operator: 'Exists' }] })).toBe(
    'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
  );
});

test('a pod that is held back is let go, gate by gate', () => {
  const gates = (...names: string[]) => ({ schedulingGates: names.map((name) => ({ name })) });
  const old = create<Pod>(refs.pods, podManifest(gates('x/a', 'x/b')));
  expect(old.status?.conditions).toMatchObject([
    { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' },
  ]);
  const change = (spec: object): string =>
    refusal(() => update(refs.pods, old, { ...old, spec: { ...old.spec, ...spec } }));
  expect(change(gates('x/b'))).toBe('');
  expect(change(gates())).toBe('');
  expect(change(gates('x/a', 'x/b', 'x/c'))).toBe(
    "spec.schedulingGates: Forbidden: only deletion is allowed, but found new scheduling gate 'x/c'",
  );
});

test('ConfigMaps and Secrets', () => {
  const map = (body: object): string =>
    refusal(() => create(refs.configMaps, { metadata: { name: 'x' }, ...body }));
  expect(map({ data: { 'a b': 'c' } })).toBe(
    `data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
  );
  expect(map({ data: { a: 'x'.repeat(1024 * 1024 + 1) } })).toBe(
    'data: Too long: may not be more than 1048576 bytes',
  );
  expect(map({ data: { a: 'b' }, binaryData: { a: 'YQ==' } })).toContain('present in binaryData');
  expect(
    refusal(() => create(refs.secrets, { metadata: { name: 'x' }, data: { a: 'not base64' } })),
  ).toBe('data[a]: Invalid value: "<value>": illegal base64 data');
  expect(
    refusal(() => create(refs.secrets, { metadata: { name: 'x' }, type: 'kubernetes.io/tls' })),
  ).toBe('data[tls.crt]: Required value\ndata[tls.key]: Required value');
  const fixed = create<ConfigMap>(refs.configMaps, {
    metadata: { name: 'x' },
    immutable: true,
    data: { a: 'b' },
  });
  expect(refusal(() => update(refs.configMaps, fixed, { data: { a: 'c' } }))).toBe(
    'immutable: Forbidden: field is immutable when `immutable` is set\ndata: Forbidden: field is immutable when `immutable` is set',
  );
});

test.each([
  [{}, 'spec.ports: Required value'],
  [{ clusterIP: 'None' }, ''],
  [{ type: 'ExternalName', externalName: 'example.com' }, ''],
  [{ type: 'ExternalName' }, 'spec.externalName: Required value'],
  [
    { ports: [{ port: 0 }] },
    'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive\nspec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
  ],
  [
    { ports: [{ port: 80 }, { port: 81 }] },
    'spec.ports[0].name: Required value\nspec.ports[1].name: Required value',
  ],
  [
    {
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 80 },
      ],
    },
    'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
  ],
  [
    { clusterIP: 'x', ports: [{ port: 80 }] },
    'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  [
    { type: 'Magic', ports: [{ port: 80 }] },
    'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ],
])('service %j', (spec, why) => {
  expect(refusal(() => create(refs.services, { metadata: { name: 'web' }, spec }))).toBe(why);
});

test('the smaller kinds', () => {
  const slice = (body: object): string =>
    refusal(() => create(refs.endpointSlices, { metadata: { name: 'x' }, ...body }));
  expect(slice({ addressType: 'IPv4' })).toBe('');
  expect(slice({ addressType: 'IPv4', endpoints: [{ addresses: ['::1'] }] })).toContain(
    'endpoints[0].addresses[0]: Invalid value: "::1": must be a valid IP address',
  );
  expect(slice({})).toBe('addressType: Required value');
  expect(
    refusal(() =>
      create(refs.leases, { metadata: { name: 'x' }, spec: { leaseDurationSeconds: 0 } }),
    ),
  ).toBe('spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0');
  expect(
    refusal(() =>
      create(refs.events, { metadata: { name: 'x' }, involvedObject: { namespace: 'other' } }),
    ),
  ).toBe('involvedObject.namespace: Invalid value: "other": does not match event.namespace');
  expect(
    refusal(() =>
      create(refs.nodes, {
        metadata: { name: 'x' },
        spec: { taints: [{ key: 'a', effect: 'Never' }] },
      }),
    ),
  ).toBe(
    'spec.taints[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
  );
});

test('a value of a megabyte is not sent back whole', () => {
  const name = `${'x'.repeat(1024 * 1024)}_`;
  expect(refusal(() => create(refs.configMaps, { metadata: { name } })).length).toBeLessThan(3000);
});
