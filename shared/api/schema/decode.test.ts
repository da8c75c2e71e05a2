import { expect, test } from 'vitest';
import { decodeObject } from '../index.ts';
import { refs } from '../refs.ts';
import { deploymentManifest, kind, refusal } from '../testing/samples.ts';
import { builtinSchema } from './builtin.ts';
import { decode } from './decode.ts';

const decodeDeployment = (spec: unknown): string =>
  refusal(() => decodeObject(kind(refs.deployments), { metadata: { name: 'web' }, spec }));
const prefix = 'Deployment in version "v1" cannot be handled as a Deployment: ';

test.each([
  [{ replicas: 'two' }, 'string into Go struct field DeploymentSpec.spec.replicas of type int32'],
  [{ replicas: 1.5 }, 'number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32'],
  [
    { replicas: 3_000_000_000 },
    'number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    { template: { spec: { containers: {} } } },
    'object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
  ],
  [
    { template: { spec: { containers: [{ command: 'sh' }] } } },
    'string into Go struct field Container.spec.template.spec.containers.command of type []string',
  ],
  [
    { template: { spec: { containers: [{ env: [{ name: true }] }] } } },
    'bool into Go struct field EnvVar.spec.template.spec.containers.env.name of type string',
  ],
  [
    { template: { metadata: { labels: { 'a.b': 1 } } } },
    'number into Go struct field ObjectMeta.spec.template.metadata.labels of type string',
  ],
  ['x', 'string into Go struct field Deployment.spec of type v1.DeploymentSpec'],
  [{ strategy: { rollingUpdate: { maxSurge: true } } }, 'bool into Go value of type int32'],
])('%j has a wrong type', (spec, why) => {
  expect(decodeDeployment(spec)).toBe(`${prefix}json: cannot unmarshal ${why}`);
});

test.each([
  [1, 'number'],
  ['x', 'string'],
  [[], 'array'],
  [true, 'bool'],
])('%j is no object', (body, type) => {
  expect(refusal(() => decodeObject(kind(refs.pods), body))).toContain(
    `json: cannot unmarshal ${type} into Go value of type v1.Pod`,
  );
});

test('a kind without Go types says what its schema wants', () => {
  const schema = {
    type: 'object',
    properties: { size: { type: 'integer', format: 'int32' } },
  } as const;
  expect(decode(schema, { size: 'big' }).errors).toEqual([
    'size in body must be of type integer: "string"',
  ]);
  expect(decode(schema, { size: 2 ** 40 }).errors).toEqual([
    'size in body must be of type int32: 1099511627776',
  ]);
  expect(decode(schema, null).errors).toEqual([
    'the object in body must be of type object: "null"',
  ]);
});

test('unknown fields are errors, warnings or nothing, and never kept', () => {
  const body = { ...deploymentManifest(), extra: 1 };
  const resource = kind(refs.deployments);
  expect(refusal(() => decodeObject(resource, body))).toBe(
    `${prefix}strict decoding error: unknown field "extra"`,
  );
  const warned = decodeObject(resource, body, 'warn');
  expect(warned.warnings).toEqual(['unknown field "extra"']);
  expect(warned.object).not.toHaveProperty('extra');
  expect(decodeObject(resource, body, 'ignore').warnings).toEqual([]);
  expect(decodeDeployment({ template: { spec: { containers: [{ nmae: 'x' }] } } })).toBe(
    `${prefix}strict decoding error: unknown field "spec.template.spec.containers[0].nmae"`,
  );
  expect(decodeDeployment({ constructor: 1 })).toContain('unknown field "spec.constructor"');
});

test('hundreds of mistakes make a short message', () => {
  const spec = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x${i}`, 1]));
  expect(decodeDeployment(spec)).toMatch(/unknown field "spec.x19", and 480 more$/);
});

test('nulls count as absent, quantities become canonical, integers or strings stay', () => {
  const { value, errors } = decode(builtinSchema('core/v1.Pod'), {
    metadata: { creationTimestamp: null, labels: { a: null, b: 'c' } },
    spec: {
      containers: [
        {
          name: 'x',
          resources: { limits: { cpu: 0.5, memory: '1024Mi' } },
          livenessProbe: { httpGet: { port: 'web' } },
        },
      ],
    },
  });
  expect(errors).toEqual([]);
  expect(value).toEqual({
    metadata: { labels: { b: 'c' } },
    spec: {
      containers: [
        {
          name: 'x',
          resources: { limits: { cpu: '500m', memory: '1Gi' } },
          livenessProbe: { httpGet: { port: 'web' } },
        },
      ],
    },
  });
});

test('bad quantities and times are named', () => {
  const { errors } = decode(builtinSchema('core/v1.Pod'), {
    metadata: { deletionTimestamp: 'tomorrow' },
    spec: { containers: [{ resources: { requests: { cpu: 'lots' } } }] },
  });
  expect(errors.map((text) => text.split(': ')[0])).toEqual([
    'metadata.deletionTimestamp',
    'spec.containers[0].resources.requests.cpu',
  ]);
});

test('keys with a meaning in JavaScript are only keys', () => {
  const body = JSON.parse(
    '{"metadata": {"name": "x"}, "data": {"__proto__": "a", "toString": "b"}}',
  );
  const { object } = decodeObject(kind(refs.configMaps), body);
  const { data } = object as { data?: Record<string, string> };
  expect(Object.keys(data ?? {})).toEqual(['__proto__', 'toString']);
});

test('apiVersion and kind must be those of the collection, or absent', () => {
  const resource = kind(refs.deployments);
  expect(refusal(() => decodeObject(resource, { apiVersion: 'apps/v1beta1' }))).toBe(
    'the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)',
  );
  expect(refusal(() => decodeObject(resource, { kind: 'Pod' }))).toBe(
    'the kind in the data (Pod) does not match the expected kind (Deployment)',
  );
  expect(decodeObject(resource, {}).object).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment' });
});

test.each([
  [refs.deployments, { replicas: 0, readyReplicas: 0, conditions: [] }, {}],
  [
    refs.replicaSets,
    { replicas: 0, readyReplicas: 0, availableReplicas: 1 },
    { replicas: 0, availableReplicas: 1 },
  ],
  [
    refs.statefulSets,
    { replicas: 0, availableReplicas: 0, currentReplicas: 0, updatedReplicas: 0 },
    { replicas: 0, availableReplicas: 0 },
  ],
  [
    refs.daemonSets,
    {
      currentNumberScheduled: 0,
      desiredNumberScheduled: 0,
      numberMisscheduled: 0,
      numberReady: 0,
      numberAvailable: 0,
    },
    { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
  ],
  // A pointer in Kubernetes' types.
  [refs.jobs, { active: 0, failed: 0, ready: 0, terminating: 0 }, { ready: 0, terminating: 0 }],
])('counts of none are not written, unless they always are: %j', (ref, status, written) => {
  const { object } = decodeObject(kind(ref), { metadata: { name: 'a' }, status });
  expect((object as { status?: unknown }).status).toEqual(written);
});

test('what is as good as nothing is not written', () => {
  const spec = {
    hostNetwork: false,
    nodeSelector: {},
    securityContext: {},
    volumes: [],
    containers: [{ name: 'a', env: [{ name: 'EMPTY', value: '' }], args: [], tty: false }],
  };
  const { object } = decodeObject(kind(refs.pods), { metadata: { name: 'a', labels: {} }, spec });
  expect(object).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { securityContext: {}, containers: [{ name: 'a', env: [{ name: 'EMPTY' }] }] },
  });
  const body = { metadata: { name: 'a' }, spec: { containers: [{ name: 'a', env: {} }] } };
  expect(refusal(() => decodeObject(kind(refs.pods), body))).toContain('cannot unmarshal object');
});
