import { getControllerOf, type Job, type KubeObject, type Pod, resources } from '#shared/api';
import type { ContainerStatus } from '#services/agent';
import { type ObjectHistory, resourceName } from '../objects.ts';
import { claimNamed, claimNames } from '../storage.ts';

/** What of the world is compared with what the API says. */
export interface Reality {
  readonly objects: ObjectHistory;
  /** Where API servers say that they are; absent: they do not. */
  readonly servers?: readonly string[];
  readonly nodes: readonly {
    readonly name: string;
    readonly running: readonly ContainerStatus[];
    /** Pods of which it has something, by uid: a sandbox or a manifest. */
    readonly kept: readonly string[];
  }[];
}

/** What of it is not yet as it should be, in words; empty where all is well. */
export type Look = (reality: Reality) => string;

/** What the first of them says. */
export function first(looks: readonly Look[], reality: Reality): string {
  for (const look of looks) {
    const wrong = look(reality);
    if (wrong !== '') return wrong;
  }
  return '';
}

/** Of every object of a kind. */
export function each<T extends KubeObject>(
  resource: string,
  look: (object: T, reality: Reality) => string,
): Look {
  return (reality) => {
    for (const object of reality.objects.all<T>(resource)) {
      const wrong = look(object, reality);
      if (wrong !== '') {
        const { namespace, name } = object.metadata ?? {};
        return `${resource} ${namespace ? `${namespace}/` : ''}${name} ${wrong}`;
      }
    }
    return '';
  };
}

export const allResources: readonly string[] = resources.map(resourceName);

export const podsOf = (objects: ObjectHistory, owner: KubeObject): Pod[] =>
  objects.all<Pod>('pods').filter((pod) => getControllerOf(pod)?.uid === owner.metadata?.uid);

export const controlledJobs = (objects: ObjectHistory, owner: KubeObject): Job[] =>
  objects.all<Job>('batch/jobs').filter((job) => getControllerOf(job)?.uid === owner.metadata?.uid);

/** Pods that no node has room for are nobody's fault; that none has, is looked at elsewhere. */
export const waitsForRoom = (pod: Pod): boolean =>
  pod.spec?.nodeName === undefined &&
  (pod.status?.conditions ?? []).some(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  );

/** Bound before the scheduler heard that its claim had gone: as in Kubernetes it waits for a person. */
export const lacksClaim = (objects: ObjectHistory, pod: Pod): boolean =>
  pod.spec?.nodeName !== undefined &&
  claimNames(pod).some((name) => claimNamed(objects, pod, name) === undefined);

/** Those who made it can do nothing about it. */
export const waits =
  (objects: ObjectHistory) =>
  (pod: Pod): boolean =>
    waitsForRoom(pod) || lacksClaim(objects, pod);
