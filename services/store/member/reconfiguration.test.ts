import { describe, expect, test } from 'vitest';
import type { ProgressStatus, RaftStatus } from '#shared/raft';
import type { MemberChange } from '../wire/command.ts';
import type { Member } from './member.ts';
import { checkMemberChange } from './reconfiguration.ts';
import { MemberTable } from './table.ts';

const member = (id: number, more: Partial<Member> = {}): Member => ({
  id,
  name: `m${id}`,
  peerUrls: [`http://h:${id}`],
  clientUrls: ['http://c:1'],
  learner: false,
  incarnation: 1,
  ...more,
});
const unstarted = { name: '', clientUrls: [], incarnation: 0 };
const progress = (id: number, match: number): ProgressStatus => ({ id, match }) as ProgressStatus;

interface Situation {
  readonly members: readonly Member[];
  readonly connectedForMs?: (id: number) => number | undefined;
  readonly match?: readonly ProgressStatus[];
  readonly strict?: boolean;
}

/** Member 1 leads. What it says to the change: `fine`, or its refusal. */
function judged(change: MemberChange, situation: Situation): string {
  const table = new MemberTable({ putMeta: () => undefined, getMeta: () => undefined });
  table.begin(situation.members, [99]);
  try {
    checkMemberChange(change, {
      table,
      raft: { id: 1, progress: situation.match ?? [] } as unknown as RaftStatus,
      connectedForMs: situation.connectedForMs ?? (() => 60_000),
      maxLearners: 1,
      strict: situation.strict ?? true,
    });
    return 'fine';
  } catch (thrown) {
    return (thrown as Error).message.replace('etcdserver: ', '');
  }
}

const three = [member(1), member(2), member(3)];
const add = (more: Partial<Member> = {}): MemberChange => ({
  type: 'add-member',
  member: member(4, { ...unstarted, ...more }),
});
const remove = (id: number): MemberChange => ({ type: 'remove-member', id });
const promote = (id: number): MemberChange => ({ type: 'promote-member', id });
const notEnough = 're-configuration failed due to not enough started members';

describe('adding', () => {
  test('needs everybody for five seconds', () => {
    expect(judged(add(), { members: three })).toBe('fine');
    const connectedForMs = (id: number) => (id === 3 ? 4999 : 60_000);
    expect(judged(add(), { members: three, connectedForMs })).toBe('unhealthy cluster');
    expect(judged(add(), { members: three, connectedForMs, strict: false })).toBe('fine');
  });

  test('needs a quorum of started members afterwards, but for the second one', () => {
    expect(judged(add(), { members: [member(1)] })).toBe('fine');
    const one = [member(1), member(2, unstarted)];
    expect(judged(add(), { members: one })).toBe(notEnough);
    expect(judged(add({ learner: true }), { members: one })).toBe('fine');
  });

  test('takes no id, address or learner twice', () => {
    expect(judged(add({ id: 2 }), { members: three })).toBe('member ID already exist');
    expect(judged(add({ id: 99 }), { members: three })).toBe('member ID already exist');
    const taken = add({ peerUrls: ['http://x:1', 'http://h:3'] });
    expect(judged(taken, { members: three })).toBe('Peer URLs already exists');
    const members = [...three, member(5, { learner: true })];
    expect(judged(add({ learner: true }), { members })).toBe('too many learner members in cluster');
  });
});

describe('removing', () => {
  test('keeps a quorum of members that are started and reached', () => {
    expect(judged(remove(3), { members: three })).toBe('fine');
    const connectedForMs = (id: number) => (id === 2 ? undefined : 60_000);
    expect(judged(remove(2), { members: three, connectedForMs })).toBe('fine');
    expect(judged(remove(3), { members: three, connectedForMs })).toBe('unhealthy cluster');
    const members = [member(1), member(2), member(3, unstarted)];
    expect(judged(remove(2), { members })).toBe(notEnough);
    expect(judged(remove(3), { members })).toBe('fine');
  });

  test('never takes the last one, and needs a member', () => {
    expect(judged(remove(1), { members: [member(1)], strict: false })).toBe(notEnough);
    expect(judged(remove(7), { members: three })).toBe('member not found');
  });

  test('of a learner is always fine', () => {
    const members = [...three, member(5, { learner: true })];
    expect(judged(remove(5), { members, connectedForMs: () => undefined })).toBe('fine');
  });
});

describe('promoting', () => {
  const members = [...three, member(5, { learner: true })];

  test('waits until the learner has nine tenths of the log', () => {
    const behind = [progress(1, 100), progress(5, 89)];
    expect(judged(promote(5), { members, match: behind })).toBe(
      'can only promote a learner member which is in sync with leader',
    );
    expect(judged(promote(5), { members, match: [progress(1, 100), progress(5, 90)] })).toBe(
      'fine',
    );
  });

  test('is for learners', () => {
    expect(judged(promote(2), { members, match: [progress(1, 9), progress(2, 9)] })).toBe(
      'can only promote a learner member',
    );
    expect(judged(promote(7), { members })).toBe('member not found');
  });
});
