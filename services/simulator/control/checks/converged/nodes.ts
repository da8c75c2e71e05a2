import { type Node, type Pod, isConditionTrue, isPodReady, isPodTerminal } from '#shared/api';
import { expels, nodeFor } from '../room.ts';
import { each, type Look, nameOf, type Reality, waitsForRoom } from './reality.ts';

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
  const expelling = objects
    .all<Node>('nodes')
    .find((each) => nameOf(each) === node && expels(each, pod));
  if (expelling && !isPodTerminal(pod)) return `stays on ${node}, which expels it`;
  if (node === undefined) {
    if (!waitsForRoom(pod)) return 'waits for the scheduler';
    const fitting = nodeFor(pod, objects.all<Node>('nodes'), objects.all<Pod>('pods'));
    return fitting === undefined ? '' : `waits for room, and ${fitting} has it`;
  }
  if (!machines.some((machine) => machine.name === node))
    return `is on ${node}, which does not exist`;
  if (!isPodTerminal(pod) && !isPodReady(pod))
    return `is not ready: ${JSON.stringify(pod.status?.containerStatuses)}`;
  return '';
});

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
      if (pod.spec?.nodeName !== name || isPodTerminal(pod)) continue;
      if (!running.some(({ podSandboxId }) => podSandboxId === pod.metadata?.uid))
        return `${name} does not run pod ${nameOf(pod)}`;
    }
  }
  return '';
}
