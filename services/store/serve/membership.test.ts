import { expect, test } from 'vitest';
import { createRng, QuorateError } from '#shared/base';
import { ManualClock } from '#shared/clock';
import type { Member } from '../member/member.ts';
import { membershipErrors } from '../member/membership-errors.ts';
import { Counters } from '../metrics/counters.ts';
import type { MemberChange } from '../wire/command.ts';
import type { Serving } from './context.ts';
import { Membership } from './membership.ts';

const lost = new QuorateError('unavailable', 'the connection is closed');

/** A follower whose leader answers each attempt as told, and makes changes by `make`. */
function followerOf(answers: ((make: () => void) => void)[]) {
  const clock = new ManualClock();
  const members = new Map<number, Member>();
  let attempts = 0;
  const changeMembers = (_leader: number, change: MemberChange): Promise<void> => {
    const answer = answers[attempts++];
    const make = (): void => {
      if (change.type === 'add-member') members.set(change.member.id, change.member);
      else if (change.type === 'remove-member') members.delete(change.id);
    };
    return Promise.resolve().then(() => answer?.(make));
  };
  const serving = {
    clock,
    rng: createRng(1),
    memberId: 1,
    limits: { requestTimeoutMs: 7000 },
    node: { leads: false, leader: 2 },
    state: { members },
    transport: { changeMembers },
  } as unknown as Serving;
  const outcome = async (asked: Promise<unknown>): Promise<string> => {
    const told = asked.then(
      () => 'done',
      (error: Error) => error.message,
    );
    await clock.advance(8000);
    return told;
  };
  return { membership: new Membership(serving), members, outcome, attempts: () => attempts };
}

const fails = (error: Error) => () => {
  throw error;
};

test('a change whose answer is lost is asked for again, and is not done twice', async () => {
  const made = followerOf([
    (make) => {
      make();
      throw lost;
    },
    fails(membershipErrors.idExists()),
  ]);
  expect(await made.outcome(made.membership.add(['http://h:1'], false))).toBe('done');
  expect([made.members.size, made.attempts()]).toEqual([1, 2]);
});

test('one that never reached the leader is done by the next attempt', async () => {
  const late = followerOf([fails(lost), (make) => make()]);
  expect(await late.outcome(late.membership.add(['http://h:1'], true))).toBe('done');
  expect(late.members.size).toBe(1);
});

test('a removal that was done before its answer was lost', async () => {
  const gone = followerOf([fails(lost), fails(membershipErrors.notFound())]);
  expect(await gone.outcome(gone.membership.remove(7))).toBe('done');
});

test('what a leader refuses at the first attempt is refused', async () => {
  for (const error of [membershipErrors.notFound(), membershipErrors.unhealthy()]) {
    const refused = followerOf([fails(error)]);
    expect(await refused.outcome(refused.membership.remove(7))).toBe(error.message);
    expect(refused.attempts()).toBe(1);
  }
});

test('a leader that never answers: the request times out, in etcd’s words', async () => {
  const silent = followerOf(Array.from({ length: 1000 }, () => fails(lost)));
  expect(await silent.outcome(silent.membership.add(['http://h:1'], false))).toBe(
    'etcdserver: request timed out',
  );
});

test('the leader counts promotions, and those that it refuses by their reason', async () => {
  const counters = new Counters();
  const status = {
    id: 1,
    progress: [
      { id: 1, match: 100 },
      { id: 7, match: 10 },
    ],
  };
  const members = new Map([[7, { id: 7, name: 'm', learner: true }]]);
  const node = { leads: true, status: () => status, changeMembers: () => Promise.resolve() };
  const limits = { strictReconfigCheck: false };
  const state = { table: { members } };
  const membership = new Membership({ counters, node, limits, state } as unknown as Serving);
  const promote = (id: number): Promise<void> =>
    membership.asLeader({ type: 'promote-member', id });
  await expect(promote(7)).rejects.toThrow('in sync with leader');
  await expect(promote(7)).rejects.toThrow('in sync with leader');
  await expect(promote(8)).rejects.toThrow('member not found');
  status.progress[1] = { id: 7, match: 100 };
  await promote(7);
  node.leads = false;
  await expect(promote(7)).rejects.toThrow('not leader');
  expect(counters.promotions).toBe(1);
  expect([...counters.failedPromotions]).toEqual([
    [membershipErrors.learnerNotReady().message, 2],
    [membershipErrors.notFound().message, 1],
  ]);
});
