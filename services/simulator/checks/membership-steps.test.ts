import { expect, test } from 'vitest';
import { MembershipSteps } from './membership-steps.ts';

const change = (index: number, term = 2) =>
  ({ type: 'conf-change', index, term, data: new Uint8Array() }) as const;

test('a leader takes a membership change once those before are applied', () => {
  const steps = new MembershipSteps();
  steps.writes(1, [change(5)], 2, 4);
  steps.writes(1, [change(7)], 2, 5);
  expect(() => steps.writes(1, [change(9)], 2, 6)).toThrow(/9 before it has applied that at 7/);
});

test('what a follower is sent, and what was replaced, is no leader’s doing', () => {
  const steps = new MembershipSteps();
  steps.writes(1, [change(5), change(6)], undefined, 1);
  steps.writes(1, [change(5, 3)], undefined, 1);
  steps.writes(1, [change(6, 4)], 3, 1);
  steps.writes(2, [change(5)], 2, 1);
});

test('who knows of a committed change applies it before it stands', () => {
  const steps = new MembershipSteps();
  steps.writes(1, [change(5)], undefined, 1);
  steps.stands(1, 4, 4);
  steps.stands(1, 5, 5);
  expect(() => steps.stands(1, 5, 4)).toThrow(/5 committed, but not applied/);
});

test('a learner votes when it has most of the log', () => {
  const steps = new MembershipSteps();
  steps.promotes(1, 2, 95, 100);
  expect(() => steps.promotes(1, 2, 30, 100)).toThrow(/2, which has 30 of 100/);
});

test('who was removed is not listened to', () => {
  const steps = new MembershipSteps();
  steps.hears(1, 2, new Set([3]));
  expect(() => steps.hears(1, 3, new Set([3]))).toThrow(/1 listens to 3/);
});
