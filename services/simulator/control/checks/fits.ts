import { isPodTerminal, type Node, type Pod } from '#shared/api';
import { type Surroundings, unwelcome } from './company.ts';
import { hostPorts, isChosen, meantFor, millicores, repelling, roomOf } from './room.ts';

/** The name of a node that would take the pod. */
export function nodeFor(pod: Pod, world: Surroundings): string | undefined {
  return world.nodes.find((node) => fits(pod, node, world))?.metadata?.name;
}

/** The name of a node that would take the pod if those of lower priority went. */
export function nodeToClear(pod: Pod, world: Surroundings): string | undefined {
  const { nodes, pods } = world;
  if (pod.spec?.preemptionPolicy === 'Never') return undefined;
  const priority = pod.spec?.priority ?? 0;
  const clears = (node: Node): boolean => {
    const isLower = ({ spec }: Pod): boolean =>
      spec?.nodeName === node.metadata?.name && (spec?.priority ?? 0) < priority;
    return fits(pod, node, { ...world, pods: pods.filter((each) => !isLower(each)) });
  };
  return nodes.find(clears)?.metadata?.name;
}

function fits(pod: Pod, node: Node, world: Surroundings): boolean {
  const meant = meantFor(pod);
  const { name } = node.metadata ?? {};
  const there = world.pods.filter((each) => each.spec?.nodeName === name && !isPodTerminal(each));
  const taken = there.reduce((sum, each) => sum + millicores(each), 0);
  const held = there.flatMap(hostPorts);
  return (
    (meant === undefined || meant === name) &&
    isChosen(pod, node) &&
    repelling(pod, node) === undefined &&
    !hostPorts(pod).some((port) => held.includes(port)) &&
    taken + millicores(pod) <= roomOf(node) &&
    (world.mayUse?.(pod, node) ?? true) &&
    unwelcome(pod, node, world) === ''
  );
}
