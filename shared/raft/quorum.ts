import type { ConfState, NodeId } from './types.ts';

type Electorate = Pick<ConfState, 'voters' | 'votersOutgoing'>;

export type VoteResult = 'won' | 'lost' | 'pending';

/** The highest value that a majority of `voters` has reached; an empty majority agrees to all. */
function majorityReached(voters: readonly NodeId[], valueOf: (id: NodeId) => number): number {
  if (voters.length === 0) return Number.MAX_SAFE_INTEGER;
  const values = voters.map(valueOf).sort((a, b) => a - b);
  return values[(voters.length - 1) >> 1] ?? 0;
}

/** In a joint configuration both majorities must agree (thesis, section 4.3). */
export function quorumReached(conf: Electorate, valueOf: (id: NodeId) => number): number {
  return Math.min(
    majorityReached(conf.voters, valueOf),
    majorityReached(conf.votersOutgoing, valueOf),
  );
}

function majorityVote(
  voters: readonly NodeId[],
  voteOf: (id: NodeId) => boolean | undefined,
): VoteResult {
  const needed = (voters.length >> 1) + 1;
  let granted = 0;
  let refused = 0;
  for (const id of voters) {
    const vote = voteOf(id);
    if (vote === true) granted += 1;
    else if (vote === false) refused += 1;
  }
  if (voters.length === 0 || granted >= needed) return 'won';
  return voters.length - refused < needed ? 'lost' : 'pending';
}

export function quorumVote(
  conf: Electorate,
  voteOf: (id: NodeId) => boolean | undefined,
): VoteResult {
  const incoming = majorityVote(conf.voters, voteOf);
  const outgoing = majorityVote(conf.votersOutgoing, voteOf);
  if (incoming === 'lost' || outgoing === 'lost') return 'lost';
  return incoming === 'won' && outgoing === 'won' ? 'won' : 'pending';
}
