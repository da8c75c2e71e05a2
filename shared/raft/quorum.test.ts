import { describe, expect, it } from 'vitest';
import { quorumReached, quorumVote } from './quorum.ts';

const conf = (voters: number[], votersOutgoing: number[] = []) => ({ voters, votersOutgoing });

describe('quorums', () => {
  it.each([
    [[1], [], 10],
    [[1, 2], [], 10],
    [[1, 2, 3], [], 20],
    [[1, 2, 3, 4], [], 20],
    [[1, 2, 3, 4, 5], [], 30],
    [[3, 4, 5], [1, 2], 10],
    [[1, 9], [], 0],
  ])('voters %j and %j have reached %d', (voters, outgoing, expected) => {
    // Member n has reached 10 n; member 9 is unknown.
    expect(quorumReached(conf(voters, outgoing), (id) => (id === 9 ? 0 : id * 10))).toBe(expected);
  });

  it.each([
    [[1, 2, 3], [], [1, 2], [], 'won'],
    [[1, 2, 3], [], [1], [2], 'pending'],
    [[1, 2, 3], [], [1], [2, 3], 'lost'],
    [[1, 2], [], [1], [2], 'lost'],
    [[1, 2, 3], [3, 4, 5], [1, 2, 3], [], 'pending'],
    [[1, 2, 3], [3, 4, 5], [1, 2, 3], [4, 5], 'lost'],
    [[1, 2, 3], [3, 4, 5], [1, 3, 5], [], 'won'],
  ])('voters %j and %j, for %j, against %j: %s', (voters, outgoing, granted, refused, expected) => {
    const voteOf = (id: number) =>
      granted.includes(id) ? true : refused.includes(id) ? false : undefined;
    expect(quorumVote(conf(voters, outgoing), voteOf)).toBe(expected);
  });
});
