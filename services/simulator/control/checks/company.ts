import { isPodTerminal, type Node, type Pod } from '#shared/api';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import { isChosen, meantFor } from './room.ts';

// Written anew: what a checker shares with whom it judges, it cannot judge.

/** Who is where. */
export interface Surroundings {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  /** The volumes that the pod uses are there on that node; absent: they are everywhere. */
  readonly mayUse?: (pod: Pod, node: Node) => boolean;
}

type Affinity = NonNullable<NonNullable<Pod['spec']>['affinity']>;
type Term = NonNullable<
  NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number];

/** Why the pod cannot be on the node for the sake of other pods; empty: it can. */
export function unwelcome(pod: Pod, node: Node, world: Surroundings): string {
  const others = placed(pod, world);
  const beside = (term: Term): boolean =>
    others.some(
      (other) => labelAt(other.node, term) === labelAt(node, term) && wants(term, pod, other.pod),
    );
  for (const term of apartTerms(pod)) {
    if (labelAt(node, term) !== undefined && beside(term)) return 'pods that it avoids';
  }
  for (const other of others) {
    const refuses = apartTerms(other.pod).some(
      (term) =>
        labelAt(node, term) !== undefined &&
        labelAt(node, term) === labelAt(other.node, term) &&
        wants(term, other.pod, pod),
    );
    if (refuses) return 'pods that avoid it';
  }
  for (const term of togetherTerms(pod)) {
    if (labelAt(node, term) === undefined) return 'no label for those that it wants beside it';
    const first = !others.some((other) => wants(term, pod, other.pod)) && wants(term, pod, pod);
    if (!first && !beside(term)) return 'none of those that it wants beside it';
  }
  return uneven(pod, node, world) ? 'more than its share of its kind' : '';
}

interface Placed {
  readonly pod: Pod;
  readonly node: Node;
}

/** All others that are somewhere and have not ended. */
function placed(pod: Pod, { nodes, pods }: Surroundings): Placed[] {
  const byName = new Map(nodes.map((node) => [nameOf(node), node]));
  return pods.flatMap((other) => {
    const node = byName.get(other.spec?.nodeName ?? '');
    if (!node || isPodTerminal(other) || uidOf(other) === uidOf(pod)) return [];
    return [{ pod: other, node }];
  });
}

export const apartTerms = ({ spec }: Pod): readonly Term[] =>
  spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];

export const togetherTerms = ({ spec }: Pod): readonly Term[] =>
  spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];

export const labelAt = ({ metadata }: Node, { topologyKey }: { readonly topologyKey: string }) =>
  metadata?.labels?.[topologyKey];

/** Users here select by plain labels, and within the namespace. */
export function wants(
  { labelSelector }: Pick<Term, 'labelSelector'>,
  pod: Pod,
  other: Pod,
): boolean {
  const labels = Object.entries(labelSelector?.matchLabels ?? {});
  return (
    pod.metadata?.namespace === other.metadata?.namespace &&
    labels.every(([key, value]) => other.metadata?.labels?.[key] === value)
  );
}

/** Its place would have more of its kind than the emptiest one, by more than it allows. */
function uneven(pod: Pod, node: Node, world: Surroundings): boolean {
  const hard = (pod.spec?.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
  );
  const meant = meantFor(pod);
  const places = world.nodes.filter(
    (each) =>
      hard.every((constraint) => labelAt(each, constraint) !== undefined) &&
      isChosen(pod, each) &&
      (meant === undefined || meant === nameOf(each)),
  );
  return hard.some((constraint) => {
    const counts = new Map(places.map((each) => [labelAt(each, constraint), 0]));
    for (const other of placed(pod, { ...world, nodes: places })) {
      if (isGoing(other.pod) || !wants(constraint, pod, other.pod)) continue;
      const place = labelAt(other.node, constraint);
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    const here = counts.get(labelAt(node, constraint));
    const self = wants(constraint, pod, pod) ? 1 : 0;
    return here === undefined || here + self - Math.min(...counts.values()) > constraint.maxSkew;
  });
}
