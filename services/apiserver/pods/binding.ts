import {
  badRequest,
  type Binding,
  conflict,
  type KubeObject,
  type Pod,
  type PodCondition,
  type Resource,
  type Status,
} from '#shared/api';
import type { WriteOptions } from '#shared/client';
import type { Clock } from '#shared/clock';
import { timestamp } from '../registry/deletion.ts';
import { checkNamespace, checkPathSegment } from '../registry/keys.ts';
import type { Registry } from '../registry/registry.ts';

/** Assigns a pod to a node, once: Kubernetes' pods/binding. */
export async function bindPod(
  registry: Registry,
  pods: Resource,
  clock: Clock,
  name: string,
  body: unknown,
  options: WriteOptions,
): Promise<Status> {
  const binding = body as Binding | null;
  const target = binding?.target;
  if (typeof target?.name !== 'string' || target.name === '') {
    throw badRequest('target.name: Required value');
  }
  if (target.kind && target.kind !== 'Node') {
    throw badRequest(`target.kind: Unsupported value: "${target.kind}": supported values: "Node"`);
  }
  checkPathSegment('target.name', target.name);
  checkPathSegment('name', name);
  const namespace = checkNamespace(pods, options.namespace || binding?.metadata?.namespace);
  const uid = binding?.metadata?.uid;
  const now = timestamp(clock.now());
  await registry.change(
    pods,
    namespace,
    name,
    (pod) => assign(pod, { node: target.name ?? '', uid, now }),
    options,
  );
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}

function assign(pod: Pod, to: { node: string; uid: string | undefined; now: string }): KubeObject {
  const ref = { group: '', resource: 'pods/binding' };
  const { name = '', uid, deletionTimestamp } = pod.metadata ?? {};
  if (to.uid && to.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${to.uid}, UID in object meta: ${uid}`;
    throw conflict(ref, name, why);
  }
  if (deletionTimestamp) {
    throw conflict(ref, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  if (pod.spec?.nodeName) {
    throw conflict(ref, name, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  }
  if ((pod.spec?.schedulingGates ?? []).length > 0) {
    throw conflict(ref, name, `pod ${name} has non-empty .spec.schedulingGates`);
  }
  const scheduled: PodCondition = {
    type: 'PodScheduled',
    status: 'True',
    lastTransitionTime: to.now,
  };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  return {
    ...pod,
    spec: { ...pod.spec, nodeName: to.node },
    status: { ...pod.status, conditions: [...others, scheduled] },
  } as KubeObject;
}
