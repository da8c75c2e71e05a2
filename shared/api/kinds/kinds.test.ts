import { expect, test } from 'vitest';
import {
  equalJson,
  type Job,
  type KubeObject,
  type ResourceRef,
  refs,
  resources,
  toTable,
} from '../index.ts';
import { container, create, kind, refusal, update } from '../testing/samples.ts';
import { base64 } from '../text.ts';

const labels = { app: 'web' };
const podSpec = { containers: [container] };
const template = { metadata: { labels }, spec: podSpec };
const selector = { matchLabels: labels };
const jobTemplate = { spec: { ...podSpec, restartPolicy: 'Never' } };
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const rule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const ref = (group: string, resource: string, version = 'v1'): ResourceRef => ({
  group,
  version,
  resource,
});
const storage = (resource: string): ResourceRef => ref('storage.k8s.io', resource);

/** A small good object of each kind, without its metadata, and cells that its row has. */
const samples: [ResourceRef, object, ...(string | number | boolean)[]][] = [
  [refs.configMaps, { data: { a: 'b' } }, 1],
  [
    refs.endpoints,
    { subsets: [{ addresses: [{ ip: '1.2.3.4' }, { ip: '1.2.3.5' }], ports: [{ port: 80 }] }] },
    '1.2.3.4:80,1.2.3.5:80',
  ],
  [refs.events, { involvedObject: { namespace: 'default', kind: 'Pod', name: 'x' } }, 'pod/x'],
  [refs.limitRanges, { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } }],
  [refs.namespaces, {}],
  [refs.nodes, {}],
  [
    refs.persistentVolumes,
    {
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadOnlyMany', 'ReadWriteOnce'],
        hostPath: { path: '/x' },
      },
    },
    'RWO,ROX',
    'Retain',
  ],
  [refs.persistentVolumeClaims, { spec: claim }, 'Pending'],
  [refs.pods, { spec: podSpec }, '0/1'],
  [ref('', 'podtemplates'), { template }, 'app=web'],
  [refs.replicationControllers, { spec: { template } }, 1],
  [refs.resourceQuotas, { spec: { hard: { pods: '3' } } }],
  [refs.secrets, { stringData: { a: 'b' } }, 'Opaque'],
  [refs.services, { spec: { ports: [{ port: 80 }] } }, '80/TCP'],
  [refs.serviceAccounts, {}, 0],
  [refs.controllerRevisions, { revision: 2, data: { a: 1 } }, 2],
  [refs.daemonSets, { spec: { selector, template } }, '<none>'],
  [refs.deployments, { spec: { selector, template } }, '0/1'],
  [refs.replicaSets, { spec: { selector, template } }, 1],
  [
    refs.statefulSets,
    {
      spec: {
        selector,
        template,
        volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: claim }],
      },
    },
    '0/1',
  ],
  [
    refs.horizontalPodAutoscalers,
    { spec: { maxReplicas: 3, scaleTargetRef: target } },
    'cpu: <unknown>/80%',
    'Deployment/web',
  ],
  [
    ref('autoscaling', 'horizontalpodautoscalers'),
    { spec: { maxReplicas: 3, scaleTargetRef: target, targetCPUUtilizationPercentage: 50 } },
    'cpu: <unknown>/50%',
  ],
  [
    refs.cronJobs,
    { spec: { schedule: '*/5 * * * mon-fri', jobTemplate: { spec: { template: jobTemplate } } } },
    '*/5 * * * mon-fri',
    'False',
  ],
  [refs.jobs, { spec: { template: jobTemplate } }, '0/1', 'Running'],
  [
    refs.certificateSigningRequests,
    {
      spec: {
        request: base64('-----BEGIN CERTIFICATE REQUEST-----'),
        signerName: 'example.com/x',
        usages: ['client auth'],
      },
    },
    'example.com/x',
    '',
    '<none>',
    'Pending',
  ],
  [refs.leases, { spec: { holderIdentity: 'me' } }, 'me'],
  [refs.endpointSlices, { addressType: 'IPv4', endpoints: [] }, 'IPv4'],
  [
    ref('events.k8s.io', 'events'),
    { eventTime: null, regarding: { namespace: 'default', kind: 'Pod', name: 'x' }, note: 'hm' },
    'pod/x',
    'hm',
  ],
  [
    refs.ingresses,
    {
      spec: {
        ingressClassName: 'own',
        rules: [
          {
            host: 'a.example',
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: 'web', port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
    },
    'own',
    'a.example',
  ],
  [ref('networking.k8s.io', 'ingressclasses'), { spec: { controller: 'example.com/c' } }],
  [refs.networkPolicies, { spec: { podSelector: selector } }, 'app=web'],
  [refs.podDisruptionBudgets, { spec: { minAvailable: 1, selector } }, 1, 'N/A'],
  [refs.clusterRoles, { rules: [rule] }],
  [refs.clusterRoleBindings, { roleRef, subjects: [{ kind: 'User', name: 'jo' }] }, 'jo'],
  [refs.roles, { rules: [rule] }],
  [
    refs.roleBindings,
    { roleRef, subjects: [{ kind: 'ServiceAccount', name: 'bot' }] },
    'ClusterRole/view',
    'default/bot',
  ],
  [refs.priorityClasses, { value: 10 }, 10, false],
  [refs.runtimeClasses, { handler: 'runc' }, 'runc'],
  [storage('csidrivers'), { spec: {} }],
  [storage('csinodes'), { spec: { drivers: [] } }, 0],
  [storage('csistoragecapacities'), { storageClassName: 'fast', capacity: '1Gi' }, '1Gi'],
  [refs.storageClasses, { provisioner: 'example.com/p' }, 'Delete', 'Immediate', false],
  [
    storage('volumeattachments'),
    { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } } },
    'v',
    false,
  ],
];

test('there is a sample of every kind', () => {
  const known = samples.map(([r]) => `${r.group}/${r.version}/${r.resource}`).sort();
  // Measurements are nobody's to write.
  const stored = resources.filter(({ verbs }) => verbs.includes('update'));
  const all = stored.map((r) => `${r.group}/${r.version}/${r.resource}`).sort();
  expect(known).toEqual(all);
});

test.each(samples)(
  '%j is created, printed, and kept by an update with itself',
  (at, body, ...cells) => {
    const created = create<KubeObject>(at, { metadata: { name: 'sample' }, ...body });
    const [row] = toTable(kind(at), [created], Date.parse('2026-01-01T00:00:05Z')).rows;
    expect(row?.cells).toEqual(expect.arrayContaining(cells));
    // A Job's manifest does not say the selector and labels that it got.
    const next = at === refs.jobs ? created : { ...created, ...body };
    const again = update(at, created, next);
    expect(equalJson(again, created) || again).toBe(true);
  },
);

test.each<[ResourceRef, object, string]>([
  [refs.statefulSets, { spec: { template } }, 'spec.selector: Required value'],
  [
    refs.statefulSets,
    { spec: { selector: {}, template } },
    'spec.selector: Invalid value: {}: empty selector is invalid for statefulset',
  ],
  [
    refs.statefulSets,
    { spec: { selector, template, podManagementPolicy: 'Any' } },
    "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'",
  ],
  [
    refs.daemonSets,
    {
      spec: {
        selector,
        template,
        updateStrategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } },
      },
    },
    'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
  ],
  [
    refs.jobs,
    { spec: { template: { spec: podSpec } } },
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ],
  [
    refs.jobs,
    { spec: { template: jobTemplate, completionMode: 'Indexed', parallelism: 2 } },
    'spec.completions: Required value: when completion mode is Indexed',
  ],
  [
    refs.cronJobs,
    { spec: { schedule: '* * * *', jobTemplate: { spec: { template: jobTemplate } } } },
    'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]',
  ],
  [
    refs.cronJobs,
    { spec: { schedule: '60 * * * *', jobTemplate: { spec: { template: jobTemplate } } } },
    'spec.schedule: Invalid value: "60 * * * *": end of range (60) above maximum (59): 60',
  ],
  [
    refs.cronJobs,
    {
      spec: {
        schedule: '@daily',
        timeZone: 'Nowhere/Else',
        jobTemplate: { spec: { template: jobTemplate } },
      },
    },
    'spec.timeZone: Invalid value: "Nowhere/Else": unknown time zone Nowhere/Else',
  ],
  [
    refs.horizontalPodAutoscalers,
    { spec: { minReplicas: 5, maxReplicas: 3, scaleTargetRef: target } },
    'spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`',
  ],
  [
    refs.podDisruptionBudgets,
    { spec: { minAvailable: '150%', selector } },
    'spec.minAvailable: Invalid value: "150%": must not be greater than 100%',
  ],
  [
    refs.ingresses,
    { spec: {} },
    'spec: Invalid value: []: either `defaultBackend` or `rules` must be specified',
  ],
  [
    refs.networkPolicies,
    { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '1.2.3.4' } }] }] } },
    'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "1.2.3.4": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
  ],
  [
    refs.clusterRoles,
    { rules: [{ verbs: ['get'], resources: ['pods'] }] },
    'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
  ],
  [
    refs.roleBindings,
    { roleRef: { ...roleRef, kind: 'Group' } },
    'roleRef.kind: Unsupported value: "Group": supported values: "ClusterRole", "Role"',
  ],
  [
    refs.persistentVolumeClaims,
    { spec: { accessModes: ['ReadWriteOnce'] } },
    'spec.resources[storage]: Required value',
  ],
  [
    refs.persistentVolumes,
    { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] } },
    'spec: Required value: must specify a volume type',
  ],
  [
    refs.resourceQuotas,
    { spec: { hard: { pods: '1', cpu: '2', 'example.com/x': '1' }, scopes: ['BestEffort'] } },
    'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
  ],
  [
    refs.resourceQuotas,
    { spec: { hard: { pods: '1' }, scopes: ['BestEffort', 'NotBestEffort'] } },
    'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
  ],
  [
    refs.runtimeClasses,
    { handler: 'run C' },
    `handler: Invalid value: "run C": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
  ],
  [refs.storageClasses, { provisioner: '' }, 'provisioner: Required value'],
  [
    refs.priorityClasses,
    { value: 1_000_000_001 },
    'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
  ],
])('%j refuses %j', (at, body, why) => {
  expect(refusal(() => create(at, { metadata: { name: 'x' }, ...body }))).toBe(why);
});

test.each<[ResourceRef, object, object, string]>([
  [
    refs.statefulSets,
    { spec: { selector, template } },
    { spec: { selector, template, serviceName: 'other' } },
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ],
  [
    refs.storageClasses,
    { provisioner: 'a' },
    { provisioner: 'b' },
    'provisioner: Forbidden: updates to provisioner are forbidden.',
  ],
  [
    refs.clusterRoleBindings,
    { roleRef },
    { roleRef: { ...roleRef, name: 'edit' } },
    'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"}: cannot change roleRef',
  ],
  [
    refs.controllerRevisions,
    { revision: 1, data: { a: 'y' } },
    { revision: 1, data: { a: 'x' } },
    'data: Invalid value: {"a":"x"}: field is immutable',
  ],
  [
    refs.priorityClasses,
    { value: 1 },
    { value: 2 },
    'value: Forbidden: may not be changed in an update.',
  ],
])('%j keeps what it was made with', (at, body, next, why) => {
  const metadata = { name: 'x' };
  const created = create<KubeObject>(at, { metadata, ...body });
  expect(refusal(() => update(at, created, { metadata, ...next }))).toBe(why);
});

test('a Job selects its pods by its uid', () => {
  const { spec } = create<KubeObject & { spec: { selector: object } }>(refs.jobs, {
    metadata: { name: 'x' },
    spec: { template: jobTemplate },
  });
  const uid = '0a';
  expect(spec).toMatchObject({
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
    template: {
      metadata: { labels: { 'job-name': 'x', 'batch.kubernetes.io/controller-uid': uid } },
    },
  });
});

test('a failure policy that names a condition means that it is true', () => {
  const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }];
  const { spec } = create<Job>(refs.jobs, {
    metadata: { name: 'x' },
    spec: { template: jobTemplate, podFailurePolicy: { rules } },
  });
  expect(spec?.podFailurePolicy?.rules[0]?.onPodConditions).toEqual([
    { type: 'DisruptionTarget', status: 'True' },
  ]);
});

test("a StatefulSet's pods mount what its claims give them", () => {
  const container = {
    name: 'a',
    image: 'b',
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  };
  const spec = {
    selector,
    template: { ...template, spec: { containers: [container] } },
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim }],
  };
  expect(() => create(refs.statefulSets, { metadata: { name: 'x' }, spec })).not.toThrow();
  const { volumeClaimTemplates: _, ...without } = spec;
  expect(refusal(() => create(refs.statefulSets, { metadata: { name: 'x' }, spec: without }))).toBe(
    'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
  );
});

test.each(resources.filter(({ hasStatus }) => hasStatus))(
  '$resource: a status is written as a subresource, whatever others there are',
  ({ subresources }) => {
    expect(subresources).toContain('status');
    expect(subresources).toEqual([...new Set(subresources)].sort());
  },
);
