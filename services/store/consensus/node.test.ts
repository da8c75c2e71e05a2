import { expect, test } from 'vitest';
import { must } from '#shared/base';
import { storeErrors } from '../errors.ts';
import type { Operation } from '../wire/command.ts';
import { LocalCluster, type LocalMember } from '../testing/local-cluster.ts';

const put = (key: string, value: string): Operation => ({
  type: 'put',
  put: { key, value: new TextEncoder().encode(value) },
});

/** A handle on a promise: what it came to, or `pending`. */
function watched(promise: Promise<unknown>): { state: () => string } {
  let state = 'pending';
  promise.then(
    () => {
      state = 'done';
    },
    (error: Error) => {
      state = error.message;
    },
  );
  return { state: () => state };
}

const versionOf = ({ state }: LocalMember, key: string): number =>
  state.mvcc.range({ key }).kvs[0]?.version ?? 0;

async function elected(size = 3, options?: { snapshotCount: number; catchUpEntries: number }) {
  const cluster = new LocalCluster(size, options);
  await cluster.clock.advance(3000);
  return cluster;
}

test('a proposal of any member is applied once on all of them', async () => {
  const cluster = await elected();
  const outcomes = cluster.members.map(({ node }, i) => watched(node.propose(put(`k${i}`, 'v'))));
  await cluster.clock.advance(200);
  expect(outcomes.map(({ state }) => state())).toEqual(['done', 'done', 'done']);
  for (const member of cluster.members) {
    expect([0, 1, 2].map((i) => versionOf(member, `k${i}`))).toEqual([1, 1, 1]);
  }
});

test('a member that is alone leads and commits by itself', async () => {
  const cluster = await elected(1);
  const outcome = watched(cluster.member(1).node.propose(put('k', 'v')));
  await cluster.clock.advance(10);
  expect(outcome.state()).toBe('done');
});

test('when the leader dies, waiting proposals go to the next one, exactly once', async () => {
  const cluster = await elected();
  const dead = cluster.leader();
  const [follower] = cluster.others(dead.id);
  cluster.crash(dead.id);
  const outcome = watched(
    follower?.node.propose(put('k', 'v')) ?? Promise.reject(new Error('none')),
  );
  await cluster.clock.advance(150);
  expect(outcome.state()).toBe('done');
  for (const member of cluster.others(dead.id)) expect(versionOf(member, 'k')).toBe(1);
});

test('a proposal that the dead leader took with it is proposed again', async () => {
  const cluster = await elected();
  const dead = cluster.leader();
  const [follower] = cluster.others(dead.id);
  const outcome = watched(
    follower?.node.propose(put('k', 'v')) ?? Promise.reject(new Error('none')),
  );
  // The turn ends, the message is on its way, and nobody is there to receive it.
  await cluster.clock.advance(0);
  cluster.crash(dead.id);
  await cluster.clock.advance(200);
  expect(outcome.state()).toBe('done');
  cluster.restart(dead.id);
  await cluster.clock.advance(1000);
  for (const member of cluster.members) expect(versionOf(member, 'k')).toBe(1);
});

test('a proposal lost on its way to a leader that lives is proposed again on the next connection', async () => {
  const cluster = await elected();
  const leader = cluster.leader();
  const follower = must(cluster.others(leader.id)[0], 'a follower');
  const { term } = leader.node;
  cluster.cut(follower.id);
  const outcomes = [watched(follower.node.propose(put('k', 'v')))];
  await cluster.clock.advance(50);
  cluster.heal(follower.id);
  follower.node.connected(leader.id);
  outcomes.push(watched(follower.node.propose(put('l', 'v'))));
  await cluster.clock.advance(200);
  expect(outcomes.map(({ state }) => state())).toEqual(['done', 'done']);
  expect(leader.node.term).toBe(term);
  for (const member of cluster.members) {
    expect([versionOf(member, 'k'), versionOf(member, 'l')]).toEqual([1, 1]);
  }
});

test('so is one whose connection is there again before the leader is heard', async () => {
  const cluster = await elected();
  const leader = cluster.leader();
  const follower = must(cluster.others(leader.id)[0], 'a follower');
  const { term } = leader.node;
  cluster.cut(follower.id);
  const outcome = watched(follower.node.propose(put('k', 'v')));
  await cluster.clock.advance(20);
  follower.node.disconnected(leader.id);
  await cluster.clock.advance(0);
  expect(follower.node.leader).not.toBe(leader.id);
  follower.node.connected(leader.id);
  cluster.heal(follower.id);
  await cluster.clock.advance(500);
  expect(leader.node.term).toBe(term);
  expect(outcome.state()).toBe('done');
  for (const member of cluster.members) expect(versionOf(member, 'k')).toBe(1);
});

test('what only a leader may decide is refused by one that has heard of the next in this turn', async () => {
  const cluster = await elected();
  const leader = cluster.leader();
  const next = must(cluster.others(leader.id)[0], 'a follower');
  const term = leader.node.term + 1;
  const heard = { from: next.id, to: leader.id, term, commit: 0, readContext: 0 };
  leader.node.receive([{ type: 'heartbeat', ...heard }]);
  const outcome = watched(leader.node.proposeInTerm(put('k', 'v'), term));
  await cluster.clock.advance(0);
  expect(outcome.state()).toBe(storeErrors.notLeader().message);
});

test('one that is only overtaken is proposed anew, and applied once', async () => {
  const cluster = await elected();
  const leader = cluster.leader();
  const follower = must(cluster.others(leader.id)[0], 'a follower');
  cluster.cut(follower.id);
  const lost = watched(follower.node.propose(put('k', 'v')));
  await cluster.clock.advance(50);
  cluster.heal(follower.id);
  // Nobody tells of a new connection; the next proposal shows that the first one is gone.
  const next = watched(follower.node.propose(put('l', 'v')));
  await cluster.clock.advance(300);
  expect([lost.state(), next.state()]).toEqual(['done', 'done']);
  for (const member of cluster.members) expect(versionOf(member, 'k')).toBe(1);
});

test('a proposal sent twice is applied once, also by members that restart in between', async () => {
  const cluster = await elected();
  const leader = cluster.leader();
  const follower = must(cluster.others(leader.id)[0], 'a follower');
  const outcomes = Array.from({ length: 20 }, () => watched(follower.node.propose(put('k', 'v'))));
  await cluster.clock.advance(1);
  follower.node.connected(leader.id);
  await cluster.clock.advance(200);
  expect(new Set(outcomes.map(({ state }) => state()))).toEqual(new Set(['done']));
  cluster.crash(follower.id);
  cluster.restart(follower.id);
  await cluster.clock.advance(2000);
  for (const member of cluster.members) expect(versionOf(member, 'k')).toBe(20);
});

test('without a quorum a request times out as in etcd, after 5 s and two elections', async () => {
  const cluster = await elected();
  const { id, node } = cluster.leader();
  for (const other of cluster.others(id)) cluster.cut(other.id);
  const write = watched(node.propose(put('k', 'v')));
  const read = watched(node.linearizable());
  await cluster.clock.advance(6900);
  expect([write.state(), read.state()]).toEqual(['pending', 'pending']);
  await cluster.clock.advance(200);
  expect(write.state()).toMatch(/^etcdserver: request timed out/);
  expect(read.state()).toBe('etcdserver: request timed out');
});

test('a deposed leader does not answer reads until it hears the new one', async () => {
  const cluster = await elected();
  const old = cluster.leader();
  cluster.cut(old.id);
  await cluster.clock.advance(4000);
  const write = watched(cluster.leader().node.propose(put('k', 'new')));
  await cluster.clock.advance(100);
  expect(write.state()).toBe('done');
  const read = watched(old.node.linearizable());
  await cluster.clock.advance(1000);
  expect(read.state()).toBe('pending');
  cluster.heal(old.id);
  await cluster.clock.advance(1500);
  expect(read.state()).toBe('done');
  expect(versionOf(old, 'k')).toBe(1);
});

test('reads of one turn share one question', async () => {
  const cluster = await elected();
  const { node } = cluster.leader();
  const reads = Array.from({ length: 100 }, () => watched(node.linearizable()));
  await cluster.clock.advance(10);
  expect(new Set(reads.map(({ state }) => state()))).toEqual(new Set(['done']));
});

test('too large a request is refused before it is proposed', async () => {
  const cluster = await elected(1);
  const { node } = cluster.member(1);
  const outcome = watched(node.propose(put('k', 'v'.repeat((1 << 20) + 1))));
  const name = 'n'.repeat((1 << 20) + 1);
  const member = { id: 1, name, peerUrls: [], clientUrls: [], learner: false, incarnation: 1 };
  // Refused only where it is applied: this cluster keeps no list of members.
  const published = watched(node.propose({ type: 'publish-member', member }));
  await cluster.clock.advance(10);
  expect(outcome.state()).toBe('etcdserver: request is too large');
  expect(published.state()).toBe('etcdserver: member not found');
});

test('a member that missed more than the log keeps gets a snapshot, and goes on from there', async () => {
  const cluster = await elected(3, { snapshotCount: 100, catchUpEntries: 20 });
  const [late] = cluster.others(cluster.leader().id);
  if (!late) throw new Error('no follower');
  cluster.crash(late.id);
  for (let i = 0; i < 400; i++) {
    void cluster.leader().node.propose(put(`k${i % 10}`, `${i}`));
    if (i % 10 === 0) await cluster.clock.advance(20);
  }
  await cluster.clock.advance(500);
  expect(cluster.leader().storage.log.compactedIndex()).toBeGreaterThan(200);
  cluster.restart(late.id);
  // Nothing is written any more: what it waits for comes with the snapshot, and nothing else does.
  const read = watched(cluster.member(late.id).node.linearizable());
  await cluster.clock.advance(2000);
  expect(read.state()).toBe('done');
  const revisions = cluster.members.map(({ state }) => state.mvcc.revision);
  expect(new Set(revisions).size).toBe(1);
  expect(cluster.members.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined]);
  const hashes = cluster.members.map(({ state }) => state.mvcc.hash());
  expect(new Set(hashes).size).toBe(1);
});

test('what was acknowledged is there after all members crash at once', async () => {
  const cluster = await elected();
  const outcome = watched(cluster.leader().node.propose(put('k', 'v')));
  await cluster.clock.advance(10);
  expect(outcome.state()).toBe('done');
  for (const { id } of cluster.members) cluster.crash(id);
  for (const { id } of cluster.members) cluster.restart(id);
  await cluster.clock.advance(3000);
  for (const member of cluster.members) expect(versionOf(member, 'k')).toBe(1);
});

test('entries that come in one breath with a snapshot are in the log behind it', async () => {
  const cluster = await elected();
  const leader = cluster.leader();
  const behind = must(cluster.others(leader.id)[0], 'a follower');
  cluster.cut(behind.id);
  const written = leader.node.propose(put('k', 'v'));
  await cluster.clock.advance(200);
  await written;
  const outgoing = await leader.node.backend.snapshot();
  const { index, term } = outgoing.applied;
  const header = { from: leader.id, to: behind.id, term: leader.node.term };
  const snapshot = { metadata: outgoing.applied, data: new Uint8Array() };
  // Where several proposals wait, what arrives is not looked at one by one.
  for (const key of ['a', 'b', 'c']) watched(behind.node.propose(put(key, 'v')));
  await behind.node.receiveSnapshot({ ...header, type: 'snapshot', snapshot }, outgoing.chunks());
  const entry = { index: index + 1, term, type: 'normal', data: new Uint8Array() } as const;
  const place = { prevLogIndex: index, prevLogTerm: term, commit: index };
  behind.node.receive([{ ...header, ...place, type: 'append', entries: [entry] }]);
  await cluster.clock.advance(0);
  const { log } = behind.storage;
  expect([log.compactedIndex(), log.lastIndex()]).toEqual([index, index + 1]);
});

test('a snapshot that raft chokes on stops the member, as any other message does', async () => {
  const cluster = await elected();
  const leader = cluster.leader();
  const { term } = leader.node;
  const other = must(cluster.others(leader.id)[0], 'a follower');
  const { index, confState } = leader.node.backend.applied;
  const snapshot = { metadata: { index, term, confState }, data: new Uint8Array() };
  const outgoing = await other.node.backend.snapshot();
  // Two leaders in one term.
  const message = { type: 'snapshot', from: other.id, to: leader.id, term, snapshot } as const;
  await leader.node.receiveSnapshot(message, outgoing.chunks());
  expect(leader.failure?.message).toMatch(/both lead/);
});

test('a new configuration is on the disk at once: whoever is killed then must not need who has left', async () => {
  const cluster = await elected(2);
  const leader = cluster.leader();
  const [gone] = cluster.others(leader.id);
  const outcome = watched(leader.node.changeMembers({ type: 'remove-member', id: gone?.id ?? 0 }));
  await cluster.clock.advance(50);
  expect(outcome.state()).toBe('done');
  cluster.crash(gone?.id ?? 0);
  cluster.crash(leader.id);
  cluster.restart(leader.id);
  await cluster.clock.advance(3000);
  expect(cluster.member(leader.id).node.leads).toBe(true);
});

test('a late answer to a question of an earlier life answers no question of this one', async () => {
  const cluster = await elected();
  const leader = cluster.leader();
  const id = must(cluster.others(leader.id)[0], 'a follower').id;
  const asked: number[] = [];
  const receive = leader.node.receive.bind(leader.node);
  leader.node.receive = (messages) => {
    for (const message of messages) {
      if (message.type === 'read-index') asked.push(message.context);
      else receive([message]);
    }
  };
  const before = cluster.member(id).node.linearizable();
  await cluster.clock.advance(20);
  const [context = 0] = asked;
  cluster.crash(id);
  cluster.restart(id);
  await cluster.clock.advance(200);
  const { node } = cluster.member(id);
  const read = watched(node.linearizable());
  await cluster.clock.advance(20);
  expect(asked.length).toBeGreaterThan(1);
  const answer = { from: leader.id, to: id, term: leader.node.term, context, index: 0 };
  node.receive([{ type: 'read-index-response', ...answer }]);
  await cluster.clock.advance(20);
  expect(read.state()).toBe('pending');
  before.catch(() => undefined);
});
