import {
  type Container,
  isConditionTrue,
  isPodReady,
  isPodTerminal,
  type Node,
  type Pod,
} from '#shared/api';
import type { ContainerStatus } from '#services/agent';
import { behaviourOf } from '../../parts/containers.ts';
import { nodeFor, nodeToClear } from '../fits.ts';
import { isGoing, nameOf, uidOf } from '../metadata.ts';
import { expels, isHeldBack, nodeOf } from '../room.ts';
import { mayUse } from '../storage.ts';
import { each, type Look, lacksClaim, type Reality, waitsForRoom } from './reality.ts';

/** Every machine is a node that is ready, and free of the taints that said otherwise. */
export const nodes: Look = (reality) => {
  const known = reality.objects.all<Node>('nodes').map(nameOf);
  const missing = reality.nodes.find(({ name }) => !known.includes(name));
  return missing ? `node ${missing.name} is not registered` : readiness(reality);
};

const readiness = each<Node>('nodes', ({ status, spec }) => {
  if (!isConditionTrue(status?.conditions, 'Ready')) return 'is not ready';
  const tainted = spec?.taints?.some(
    ({ key }) =>
      key.startsWith('node.kubernetes.io/') &&
      (key !== 'node.kubernetes.io/unschedulable' || !spec.unschedulable),
  );
  return tainted ? `is tainted: ${JSON.stringify(spec?.taints)}` : '';
});

/** Every pod that some node has room for is on one, and is ready there. */
export const pods = each<Pod>('pods', (pod, { objects, nodes: machines }) => {
  const node = pod.spec?.nodeName;
  const place = nodeOf(objects, pod);
  if (place && expels(place, pod) && !isPodTerminal(pod))
    return `stays on ${node}, which expels it`;
  if (node === undefined) {
    if (isHeldBack(pod)) return '';
    if (!waitsForRoom(pod)) return 'waits for the scheduler';
    const world = {
      nodes: objects.all<Node>('nodes'),
      pods: objects.all<Pod>('pods'),
      mayUse: (one: Pod, place: Node) => mayUse(objects, one, place),
    };
    const fitting = nodeFor(pod, world);
    if (fitting !== undefined) return `waits for room, and ${fitting} has it`;
    const cleared = nodeToClear(pod, world);
    return cleared === undefined
      ? toldOf(pod, world.nodes.length)
      : `waits, and on ${cleared} only less important pods are in its way`;
  }
  if (!machines.some((machine) => machine.name === node))
    return `is on ${node}, which does not exist`;
  if (!isPodTerminal(pod) && !isPodReady(pod) && !lacksClaim(objects, pod))
    return `is not ready: ${JSON.stringify(pod.status?.containerStatuses)}`;
  return '';
});

/** Why it waits, as things are now. */
function toldOf({ status }: Pod, nodeCount: number): string {
  const { message = '' } = status?.conditions?.find(({ type }) => type === 'PodScheduled') ?? {};
  const all = `0/${nodeCount} nodes are available`;
  return message.startsWith(all) ? '' : `is told ${message} instead of ${all}`;
}

/** Every machine runs what is bound to it, and nothing else. */
export function containers({ objects, nodes: machines }: Reality): string {
  const all = objects.all<Pod>('pods');
  for (const { name, running } of machines) {
    const stray = running.find(
      ({ podSandboxId }) =>
        !all.some(
          ({ metadata, spec }) => metadata?.uid === podSandboxId && spec?.nodeName === name,
        ),
    );
    if (stray) return `${name} runs ${stray.id}, which is no pod of it`;
    for (const pod of all) {
      if (pod.spec?.nodeName !== name || isPodTerminal(pod) || lacksClaim(objects, pod)) continue;
      const own = running.filter(({ podSandboxId }) => podSandboxId === pod.metadata?.uid);
      if (own.length === 0) return `${name} does not run pod ${nameOf(pod)}`;
      for (const status of own) {
        const wrong = container(pod, status);
        if (wrong !== '') return `pod ${nameOf(pod)} ${wrong}`;
      }
    }
  }
  return '';
}

/** No machine keeps anything of a pod that is gone: an address, a manifest. */
export function leftovers({ objects, nodes: machines }: Reality): string {
  const uids = new Set(objects.all<Pod>('pods').map(uidOf));
  for (const { name, kept } of machines) {
    const left = kept.find((uid) => !uids.has(uid));
    if (left !== undefined) return `${name} keeps what is left of pod ${left}, which is gone`;
  }
  return '';
}

/** The status speaks of the attempt that runs, and that is one that lasts. */
function container(pod: Pod, { name, attempt, id }: ContainerStatus): string {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const told = [...containerStatuses, ...initContainerStatuses].find((each) => each.name === name);
  if (told?.restartCount !== attempt || !told.containerID?.endsWith(id))
    return `runs ${id}; status ${JSON.stringify(told)}`;
  const before = id.replace(/\d+$/, String(attempt - 1));
  if (attempt > 0 && !told.lastState?.terminated?.containerID?.endsWith(before))
    return `says of the attempt before ${attempt}: ${JSON.stringify(told.lastState)}`;
  const mishaps = mishapsOf(pod.spec?.containers.find((each) => each.name === name));
  return attempt < mishaps ? `is at attempt ${attempt}, and all before ${mishaps} are to end` : '';
}

/** Some program has not come to the attempt that lasts: whoever waits for its pod waits rightly. */
export const isFailing = ({ objects }: Reality): boolean =>
  objects
    .all<Pod>('pods')
    .some(
      (pod) =>
        pod.spec?.nodeName !== undefined &&
        !isGoing(pod) &&
        !isPodTerminal(pod) &&
        pod.spec.containers.some((each) => restartsOf(pod, each) < mishapsOf(each)),
    );

/** A program of a Job takes longer than this only where the Job is to be cut short. */
const longestWorkMs = 60_000;

/**
 * Some program that will end by itself runs, or waits for the end of another one: with little room they run one after
 * the other, with the scheduler's pause between any two, and what waits for them waits rightly.
 */
export const isWorking = ({ objects, nodes: machines }: Reality): boolean => {
  const all = objects.all<Pod>('pods');
  const ends = ({ command }: Container): boolean =>
    (behaviourOf(command ?? []).runMs ?? Infinity) <= longestWorkMs;
  if (all.some((pod) => waitsForRoom(pod) && !isGoing(pod) && pod.spec?.containers.some(ends)))
    return true;
  const byUid = new Map(all.map((pod) => [uidOf(pod), pod]));
  return machines.some(({ running }) =>
    running.some(({ podSandboxId, name }) =>
      byUid.get(podSandboxId)?.spec?.containers.some((each) => each.name === name && ends(each)),
    ),
  );
};

const restartsOf = ({ status }: Pod, { name }: Container): number =>
  status?.containerStatuses?.find((each) => each.name === name)?.restartCount ?? 0;

/** How many of its first attempts fail by themselves. */
function mishapsOf(container: Container | undefined): number {
  const { crashes, hangs } = behaviourOf(container?.command ?? []);
  return Math.max(crashes?.times ?? 0, hangs?.times ?? 0);
}
