import type { RoleObject } from './objects.ts';
import type { Rule } from './rules.ts';

/*
 * The cluster roles every cluster has, as Kubernetes names and fills them, for the kinds and calls
 * there are here. A role's rules are added to at every start, never taken from.
 */

const read = ['get', 'list', 'watch'];
const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const edit = [...write, ...read];
const aggregate = 'rbac.authorization.k8s.io/aggregate-to-';

const on = (group: string, resources: string, verbs: readonly string[], names = ''): Rule => ({
  apiGroups: [group],
  resources: resources.split(' '),
  verbs,
  ...(names && { resourceNames: names.split(' ') }),
});

const paths = (urls: string): Rule => ({ nonResourceURLs: urls.split(' '), verbs: ['get'] });

/** Events in both of their groups. */
const events = ['', 'events.k8s.io'].map((group) =>
  on(group, 'events', ['create', 'patch', 'update']),
);

const reviews = [
  on('authentication.k8s.io', 'tokenreviews', ['create']),
  on('authorization.k8s.io', 'subjectaccessreviews', ['create']),
];

/** What leader election needs: the Lease that bears the election's name. */
const election = (name: string): Rule[] => [
  on('coordination.k8s.io', 'leases', ['create']),
  on('coordination.k8s.io', 'leases', ['get', 'update'], name),
];

const workloads =
  'daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale';

const toView: Rule[] = [
  on(
    '',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    read,
  ),
  on(
    '',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
    read,
  ),
  on('', 'namespaces', read),
  on('discovery.k8s.io', 'endpointslices', read),
  on('apps', 'controllerrevisions daemonsets/status deployments/status', read),
  on('apps', `${workloads} replicasets/status statefulsets/status`, read),
  on('autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status', read),
  on('batch', 'cronjobs cronjobs/status jobs jobs/status', read),
  on('policy', 'poddisruptionbudgets poddisruptionbudgets/status', read),
  on('networking.k8s.io', 'ingresses ingresses/status networkpolicies', read),
];

const toEdit: Rule[] = [
  on('', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy', read),
  on('', 'serviceaccounts', ['impersonate']),
  on('', 'pods pods/attach pods/exec pods/portforward pods/proxy', write),
  on('', 'pods/eviction', ['create']),
  on(
    '',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
    write,
  ),
  on('', 'serviceaccounts/token', ['create']),
  on('apps', `${workloads} deployments/rollback`, write),
  on('autoscaling', 'horizontalpodautoscalers', write),
  on('batch', 'cronjobs jobs', write),
  on('policy', 'poddisruptionbudgets', write),
  on('networking.k8s.io', 'ingresses networkpolicies', write),
  on('coordination.k8s.io', 'leases', edit),
];

const toAdmin: Rule[] = [
  on('authorization.k8s.io', 'localsubjectaccessreviews', ['create']),
  on('rbac.authorization.k8s.io', 'rolebindings roles', edit),
];

/** Where a node may act; which objects are its own, the node authorizer and NodeRestriction say. */
export const nodeRules: readonly Rule[] = [
  ...reviews,
  on('', 'services', read),
  on('', 'nodes', ['create', ...read]),
  on('', 'nodes/status', ['patch', 'update']),
  on('', 'nodes', ['patch', 'update', 'delete']),
  on('', 'pods', [...read, 'create', 'delete']),
  on('', 'pods/status', ['patch', 'update']),
  on('', 'pods/eviction', ['create']),
  ...events,
  on('node.k8s.io', 'runtimeclasses', read),
  on('storage.k8s.io', 'csidrivers', read),
  on('node.k8s.io', 'runtimeclasses', read),
];

const scheduler: Rule[] = [
  ...events,
  ...election('kube-scheduler'),
  on('', 'nodes', read),
  on('', 'pods', ['delete', ...read]),
  on('', 'bindings pods/binding', ['create']),
  on('', 'pods/status', ['patch', 'update']),
  on('', 'replicationcontrollers services namespaces', read),
  on('', 'persistentvolumeclaims persistentvolumes', [...read, 'patch', 'update']),
  on('apps', 'replicasets statefulsets', read),
  on('policy', 'poddisruptionbudgets', read),
  on('storage.k8s.io', 'csidrivers csinodes csistoragecapacities storageclasses', read),
  on('scheduling.k8s.io', 'priorityclasses', read),
  ...reviews,
];

/**
 * All controllers are one user here, and two of them, the garbage collector and the namespace
 * controller, look after objects of every kind. What is made is a short list.
 */
const controllers: Rule[] = [
  ...events,
  ...election('kube-controller-manager'),
  on('*', '*', [...read, 'update', 'patch', 'delete', 'deletecollection']),
  on('', 'configmaps endpoints persistentvolumes pods secrets serviceaccounts', ['create']),
  on('', 'persistentvolumeclaims', ['create']),
  on('', 'serviceaccounts/token pods/eviction', ['create']),
  on('apps', 'controllerrevisions replicasets', ['create']),
  on('batch', 'jobs', ['create']),
  on('discovery.k8s.io', 'endpointslices', ['create']),
  on('storage.k8s.io', 'storageclasses', ['create']),
  on('certificates.k8s.io', 'signers', ['sign'], 'kubernetes.io/*'),
  ...reviews,
];

const certificates = 'certificates.k8s.io';

/** Who decides on requests for the certificates of one signer. */
const approver = (signer: string): DefaultRole =>
  role(`system:certificates.k8s.io:${signer}-approver`, [
    on(certificates, 'signers', ['approve'], `kubernetes.io/${signer}`),
  ]);

const proxy: Rule[] = [
  on('', 'endpoints services', ['list', 'watch']),
  on('', 'nodes', read),
  on('discovery.k8s.io', 'endpointslices', ['list', 'watch']),
  ...events,
];

const health = '/healthz /livez /readyz /version /version/';
const discovery = `/api /api/* /apis /apis/* /openapi /openapi/* ${health}`;
const issuer =
  '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/';

const bootstrapping = 'kubernetes.io/bootstrapping';
const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate';

/** Every default has these: what makes it one, and that it is kept up to date. */
export const defaultMetadata = {
  labels: { [bootstrapping]: 'rbac-defaults' },
  annotations: { [autoupdate]: 'true' },
} as const;

export const isKeptUpToDate = ({ metadata }: RoleObject): boolean =>
  metadata?.annotations?.[autoupdate] === 'true';

interface DefaultRole extends RoleObject {
  readonly aggregationRule?: object;
}

function role(name: string, rules: readonly Rule[], labels: Record<string, string> = {}) {
  const all = { ...defaultMetadata.labels, ...labels };
  return { metadata: { ...defaultMetadata, labels: all, name }, rules };
}

/** A role that is the sum of others. The sum is made here too, so that it holds from the start. */
const sum = (name: string, rules: readonly Rule[], labels = {}): DefaultRole => ({
  ...role(name, rules, labels),
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${aggregate}${name}`]: 'true' } }] },
});

const adds = (to: string): Record<string, string> => ({ [`${aggregate}${to}`]: 'true' });

export const defaultClusterRoles: readonly DefaultRole[] = [
  role('cluster-admin', [on('*', '*', ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }]),
  role('system:aggregate-to-view', toView, adds('view')),
  role('system:aggregate-to-edit', toEdit, adds('edit')),
  role('system:aggregate-to-admin', toAdmin, adds('admin')),
  sum('view', toView, adds('edit')),
  sum('edit', [...toEdit, ...toView], adds('admin')),
  sum('admin', [...toAdmin, ...toEdit, ...toView]),
  role('system:discovery', [paths(discovery)]),
  role('system:public-info-viewer', [paths(health)]),
  role('system:basic-user', [
    on('authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews', ['create']),
    on('authentication.k8s.io', 'selfsubjectreviews', ['create']),
  ]),
  role('system:monitoring', [
    paths('/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*'),
  ]),
  role('system:auth-delegator', reviews),
  role('system:service-account-issuer-discovery', [paths(issuer)]),
  role('system:node', nodeRules),
  role('system:kubelet-api-admin', [
    on('', 'nodes', [...read, 'proxy']),
    on('', 'nodes/log nodes/metrics nodes/proxy nodes/stats', ['*']),
  ]),
  role('system:node-bootstrapper', [
    on(certificates, 'certificatesigningrequests', ['create', ...read]),
  ]),
  role('system:node-problem-detector', [
    on('', 'nodes', ['get']),
    on('', 'nodes/status', ['patch']),
    ...events,
  ]),
  role('system:kube-dns', [on('', 'endpoints services', ['list', 'watch'])]),
  role('system:persistent-volume-provisioner', [
    on('', 'persistentvolumes', [...read, 'create', 'delete']),
    on('', 'persistentvolumeclaims', [...read, 'update']),
    on('storage.k8s.io', 'storageclasses', read),
    on('', 'events', ['watch']),
    ...events,
  ]),
  role('system:node-proxier', proxy),
  role('system:kube-scheduler', scheduler),
  role('system:kube-controller-manager', controllers),
  role('system:certificates.k8s.io:certificatesigningrequests:nodeclient', [
    on(certificates, 'certificatesigningrequests/nodeclient', ['create']),
  ]),
  role('system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', [
    on(certificates, 'certificatesigningrequests/selfnodeclient', ['create']),
  ]),
  approver('kube-apiserver-client'),
  approver('kube-apiserver-client-kubelet'),
  approver('kubelet-serving'),
  approver('legacy-unknown'),
  role('system:controller:clusterrole-aggregation-controller', [
    on('rbac.authorization.k8s.io', 'clusterroles', ['escalate', ...read, 'patch', 'update']),
  ]),
];

type DefaultBinding = readonly [role: string, subjects: readonly (readonly [string, string])[]];

const authenticated = ['Group', 'system:authenticated'] as const;

/** Who has them: a binding of the role's own name for each. */
export const defaultBindings: readonly DefaultBinding[] = [
  ['cluster-admin', [['Group', 'system:masters']]],
  ['system:discovery', [authenticated]],
  ['system:basic-user', [authenticated]],
  ['system:public-info-viewer', [authenticated, ['Group', 'system:unauthenticated']]],
  ['system:monitoring', [['Group', 'system:monitoring']]],
  ['system:service-account-issuer-discovery', [['Group', 'system:serviceaccounts']]],
  // The node authorizer lets nodes do more or less than this; a role of that name is expected.
  ['system:node', []],
  ['system:node-proxier', [['User', 'system:kube-proxy']]],
  ['system:kube-scheduler', [['User', 'system:kube-scheduler']]],
  ['system:kube-controller-manager', [['User', 'system:kube-controller-manager']]],
  [
    'system:controller:clusterrole-aggregation-controller',
    [['ServiceAccount', 'clusterrole-aggregation-controller']],
  ],
];
