import { eventually } from '#shared/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, bytes, Target } from './target.ts';

const target = new Target();
let apis: Api[];
beforeAll(async () => {
  await target.start();
  apis = [0, 1, 2].map((index) => target.api(index));
});
afterAll(() => target.stop());

test('every member lists the same members', async () => {
  // A member publishes its client URLs once it serves, as etcd's do: not yet in its first moments.
  const lists = await eventually('client URLs of every member', async () => {
    const all = await Promise.all(apis.map((api) => api.cluster.memberList({})));
    const published = all.every((list) => list.members.every((each) => each.clientURLs.length > 0));
    return published ? all : undefined;
  });
  for (const { members } of lists) {
    expect(members.map(({ name }) => name).sort()).toEqual(['m0', 'm1', 'm2']);
    expect(members).toEqual(lists[0]?.members);
    for (const { clientURLs, peerURLs, isLearner } of members) {
      expect([clientURLs.length, peerURLs.length, isLearner]).toEqual([1, 1, false]);
    }
  }
});

test('every member knows the same leader and term, and itself', async () => {
  const statuses = await Promise.all(apis.map((api) => api.maintenance.status({})));
  expect(new Set(statuses.map(({ leader }) => leader)).size).toBe(1);
  expect(new Set(statuses.map(({ raftTerm }) => raftTerm)).size).toBe(1);
  expect(new Set(statuses.map(({ header }) => header?.member_id)).size).toBe(3);
  for (const { version, dbSize, dbSizeInUse, isLearner } of statuses) {
    expect(version).toMatch(/^3\.\d+\.\d+$/);
    expect(Number(dbSize)).toBeGreaterThan(0);
    expect(Number(dbSizeInUse)).toBeLessThanOrEqual(Number(dbSize));
    expect(isLearner).toBe(false);
  }
});

test('equal revisions have equal hashes', async () => {
  const { header } = await (apis[0] as Api).kv.put({ key: bytes('h'), value: bytes('1') });
  const revision = header?.revision ?? 0;
  // A linearizable read makes sure that each of them has applied it.
  const hashes = await Promise.all(
    apis.map(async (api) => {
      await api.kv.range({ key: bytes('h') });
      return (await api.maintenance.hashKv({ revision })).hash;
    }),
  );
  expect(new Set(hashes).size).toBe(1);
});

test('there is no alarm', async () => {
  expect((await (apis[0] as Api).maintenance.alarm({ action: 'GET' })).alarms).toEqual([]);
});
