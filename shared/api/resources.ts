import { componentStatus } from './kinds/component-status.ts';
import type { ResourceRef } from './object.ts';
import { certificateSigningRequest } from './kinds/certificate-signing-request.ts';
import { configMap } from './kinds/config-map.ts';
import { controllerRevision } from './kinds/controller-revision.ts';
import { cronJob } from './kinds/cron-job.ts';
import { customResourceDefinition } from './kinds/custom-resource-definition.ts';
import { csiDriver, csiNode, csiStorageCapacity, volumeAttachment } from './kinds/csi.ts';
import { daemonSet } from './kinds/daemon-set.ts';
import { deployment } from './kinds/deployment.ts';
import { endpointSlice } from './kinds/endpoint-slice.ts';
import { endpoints } from './kinds/endpoints.ts';
import { eventV1 } from './kinds/event-v1.ts';
import { event } from './kinds/event.ts';
import {
  horizontalPodAutoscaler,
  horizontalPodAutoscalerV1,
} from './kinds/horizontal-pod-autoscaler.ts';
import { ingress, ingressClass } from './kinds/ingress.ts';
import { job } from './kinds/job.ts';
import { lease } from './kinds/lease.ts';
import { nodeMetrics, podMetrics } from './kinds/metrics.ts';
import { limitRange } from './kinds/limit-range.ts';
import { namespace } from './kinds/namespace.ts';
import { networkPolicy } from './kinds/network-policy.ts';
import { node } from './kinds/node.ts';
import { persistentVolumeClaim } from './kinds/persistent-volume-claim.ts';
import { persistentVolume } from './kinds/persistent-volume.ts';
import { podDisruptionBudget } from './kinds/pod-disruption-budget.ts';
import { podTemplate } from './kinds/pod-template.ts';
import { pod } from './kinds/pod.ts';
import { priorityClass } from './kinds/priority-class.ts';
import { replicaSet } from './kinds/replica-set.ts';
import { replicationController } from './kinds/replication-controller.ts';
import { resourceQuota } from './kinds/resource-quota.ts';
import { reviews } from './kinds/reviews.ts';
import { clusterRole, clusterRoleBinding, role, roleBinding } from './kinds/roles.ts';
import { runtimeClass } from './kinds/runtime-class.ts';
import { secret } from './kinds/secret.ts';
import { serviceAccount } from './kinds/service-account.ts';
import { service } from './kinds/service.ts';
import { statefulSet } from './kinds/stateful-set.ts';
import { storageClass } from './kinds/storage-class.ts';
import type { Resource } from './resource.ts';

/** The built-in kinds. */
export const resources: readonly Resource[] = [
  configMap,
  endpoints,
  event,
  limitRange,
  namespace,
  node,
  persistentVolume,
  persistentVolumeClaim,
  pod,
  podTemplate,
  replicationController,
  resourceQuota,
  secret,
  service,
  serviceAccount,
  controllerRevision,
  daemonSet,
  deployment,
  replicaSet,
  statefulSet,
  horizontalPodAutoscaler,
  horizontalPodAutoscalerV1,
  cronJob,
  job,
  certificateSigningRequest,
  componentStatus,
  customResourceDefinition,
  lease,
  nodeMetrics,
  podMetrics,
  endpointSlice,
  eventV1,
  ingress,
  ingressClass,
  networkPolicy,
  podDisruptionBudget,
  ...reviews,
  clusterRole,
  clusterRoleBinding,
  role,
  roleBinding,
  priorityClass,
  runtimeClass,
  csiDriver,
  csiNode,
  csiStorageCapacity,
  storageClass,
  volumeAttachment,
];

/** The built-in kind that serves this collection. */
export const findResource = (ref: ResourceRef): Resource | undefined =>
  resources.find(
    ({ group, version, resource }) =>
      group === ref.group && version === ref.version && resource === ref.resource,
  );
