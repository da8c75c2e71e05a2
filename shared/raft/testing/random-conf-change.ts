import type { Rng } from '#shared/base';
import type { ConfChange, ConfChangeSingle, ConfState, NodeId } from '../types.ts';

const context = new Uint8Array();
const modes = ['auto', 'implicit', 'explicit'] as const;
const types = ['add-voter', 'add-voter', 'add-learner', 'remove'] as const;

const anyOf = <T>(rng: Rng, from: readonly [T, ...T[]]): T => from[rng.int(from.length)] ?? from[0];

/** Any change, sensible or not: single ones, the leaving of a joint configuration, whole new electorates. */
export function drawConfChange(rng: Rng, conf: ConfState, ids: readonly NodeId[]): ConfChange {
  const kind = rng.int(6);
  if (kind === 0) return { changes: [], context };
  if (kind < 3) return { changes: electorate(rng, conf, ids), joint: 'auto', context };
  const changes = Array.from({ length: 1 + rng.int(3) }, () => ({
    type: anyOf(rng, types),
    nodeId: ids[rng.int(ids.length)] ?? 1,
  }));
  return { changes, joint: anyOf(rng, modes), context };
}

/** Other voters, that may have few or none in common with the present ones. */
function electorate(rng: Rng, conf: ConfState, ids: readonly NodeId[]): ConfChangeSingle[] {
  const chance = rng.next();
  return ids
    .filter((id) => rng.next() < chance || conf.voters.includes(id))
    .map((nodeId) => {
      if (!conf.voters.includes(nodeId)) return { type: 'add-voter', nodeId };
      return { type: rng.int(2) === 0 ? 'remove' : 'add-voter', nodeId };
    });
}
