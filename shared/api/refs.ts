import type { ResourceRef } from './object.ts';

const ref = (group: string, resource: string, version = 'v1'): ResourceRef => ({
  group,
  version,
  resource,
});

/** The collections that components name in code. */
export const refs = {
  namespaces: ref('', 'namespaces'),
  nodes: ref('', 'nodes'),
  pods: ref('', 'pods'),
  services: ref('', 'services'),
  configMaps: ref('', 'configmaps'),
  secrets: ref('', 'secrets'),
  events: ref('', 'events'),
  endpoints: ref('', 'endpoints'),
  limitRanges: ref('', 'limitranges'),
  persistentVolumes: ref('', 'persistentvolumes'),
  persistentVolumeClaims: ref('', 'persistentvolumeclaims'),
  replicationControllers: ref('', 'replicationcontrollers'),
  resourceQuotas: ref('', 'resourcequotas'),
  serviceAccounts: ref('', 'serviceaccounts'),
  controllerRevisions: ref('apps', 'controllerrevisions'),
  daemonSets: ref('apps', 'daemonsets'),
  deployments: ref('apps', 'deployments'),
  replicaSets: ref('apps', 'replicasets'),
  statefulSets: ref('apps', 'statefulsets'),
  horizontalPodAutoscalers: ref('autoscaling', 'horizontalpodautoscalers', 'v2'),
  cronJobs: ref('batch', 'cronjobs'),
  jobs: ref('batch', 'jobs'),
  ingresses: ref('networking.k8s.io', 'ingresses'),
  networkPolicies: ref('networking.k8s.io', 'networkpolicies'),
  podDisruptionBudgets: ref('policy', 'poddisruptionbudgets'),
  clusterRoleBindings: ref('rbac.authorization.k8s.io', 'clusterrolebindings'),
  clusterRoles: ref('rbac.authorization.k8s.io', 'clusterroles'),
  roleBindings: ref('rbac.authorization.k8s.io', 'rolebindings'),
  roles: ref('rbac.authorization.k8s.io', 'roles'),
  priorityClasses: ref('scheduling.k8s.io', 'priorityclasses'),
  storageClasses: ref('storage.k8s.io', 'storageclasses'),
  endpointSlices: ref('discovery.k8s.io', 'endpointslices'),
  leases: ref('coordination.k8s.io', 'leases'),
} as const satisfies Record<string, ResourceRef>;
