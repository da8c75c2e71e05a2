import { conflict, type KubeObject, type ObjectMeta, parseTime, type Resource } from '#shared/api';
import type { DeleteOptions } from '#shared/client';
import type { Decision } from './object-store.ts';

const foregroundFinalizer = 'foregroundDeletion';
const orphanFinalizer = 'orphan';

/** RFC 3339 with seconds, as Kubernetes' metav1.Time. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** What a delete does to an object: Kubernetes' BeforeDelete and its finalizer rules. */
export function decideDeletion(
  resource: Resource,
  current: KubeObject,
  options: DeleteOptions,
  nowMs: number,
): Decision {
  checkPreconditions(resource, current, options);
  const meta = current.metadata ?? {};
  const grace = resource.deletion?.graceSeconds?.(current, options.gracePeriodSeconds) ?? 0;
  const finalizers = finalizersFor(meta.finalizers ?? [], options.propagation);
  const draft = structuredClone(current);
  const draftMeta: ObjectMeta = { ...draft.metadata };
  draft.metadata = draftMeta;
  if (finalizers.length > 0) draftMeta.finalizers = finalizers;
  else delete draftMeta.finalizers;
  const kept = finalizers.length > 0 || resource.deletion?.holds?.(draft) === true;
  if (grace === 0 && !kept) return { action: 'remove', object: current };
  if (meta.deletionTimestamp === undefined) {
    draftMeta.deletionTimestamp = timestamp(nowMs + grace * 1000);
    draftMeta.deletionGracePeriodSeconds = grace;
    if (meta.generation !== undefined) draftMeta.generation = meta.generation + 1;
    resource.deletion?.begin?.(draft);
  } else if (grace < (meta.deletionGracePeriodSeconds ?? 0)) {
    // A second delete can only make it sooner; the time counts from the first.
    const firstMs =
      (parseTime(meta.deletionTimestamp) ?? nowMs) - (meta.deletionGracePeriodSeconds ?? 0) * 1000;
    draftMeta.deletionTimestamp = timestamp(firstMs + grace * 1000);
    draftMeta.deletionGracePeriodSeconds = grace;
  }
  return { action: 'put', object: draft };
}

/** An object whose deletion has begun goes with the update that takes its last finalizer away. */
export function settle(resource: Resource, next: KubeObject): Decision {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = next.metadata ?? {};
  const due =
    deletionTimestamp !== undefined &&
    (deletionGracePeriodSeconds ?? 0) === 0 &&
    (finalizers ?? []).length === 0 &&
    resource.deletion?.holds?.(next) !== true;
  return { action: due ? 'remove' : 'put', object: next };
}

/** Throws `conflict` where a delete means another object, or another version. */
export function checkPreconditions(
  resource: Resource,
  current: KubeObject,
  options: DeleteOptions,
): void {
  const { name = '', uid, resourceVersion } = current.metadata ?? {};
  // Kubernetes names the kind here, where it names the plural elsewhere.
  const kind = { group: resource.group, resource: resource.kind };
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(kind, name, why);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflict(kind, name, why);
  }
}

/** The garbage collector's two finalizers follow the policy asked for; others stay. */
function finalizersFor(
  present: readonly string[],
  propagation: DeleteOptions['propagation'],
): string[] {
  if (propagation === undefined) return [...present];
  const others = present.filter((f) => f !== foregroundFinalizer && f !== orphanFinalizer);
  if (propagation === 'foreground') return [...others, foregroundFinalizer];
  if (propagation === 'orphan') return [...others, orphanFinalizer];
  return others;
}
