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
  const lists = await Promise.all(apis.map((api) => api.cluster.memberList({})));
  for (const { members } of lists) {
    expect(members.map(({ name }) => name).sort()).toEqual(['m0', 'm1', 'm2']);
    expect(members).toEqual(lists[0]?.members);
    for (const { clientURLs, peerURLs, isLearner } of members) {
      expect([clientURLs.length, peerURLs.length, isLearner]).toEqual([1, 1, false]);
    }
  }
});

test('every member knows the same leader and term, and itself', async () => {
  // A busy machine may elect anew at any time.
  const statuses = await eventually('one leader in one term', async () => {
    const views = await Promise.all(apis.map((api) => api.maintenance.status({})));
    const seen = new Set(views.map(({ leader, raftTerm }) => `${leader} in ${raftTerm}`));
    return seen.size === 1 && views[0]?.leader !== '0' ? views : undefined;
  });
  expect(new Set(statuses.map(({ header }) => header?.member_id)).size).toBe(3);
  for (const { version, dbSize, dbSizeInUse, isLearner } of statuses) {
    expect(version).toMatch(/^3\.\d+\.\d+$/);
    expect(Number(dbSize)).toBeGreaterThan(0);
    expect(Number(dbSizeInUse)).toBeLessThanOrEqual(Number(dbSize));
    expect(isLearner).toBe(false);
  }
});

test('ids have 64 bits, and are the same wherever they are shown', async () => {
  const { members, header } = await (apis[0] as Api).cluster.memberList({});
  const ids = members.map(({ ID }) => BigInt(ID));
  expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? -1 : 1)));
  expect(ids.some((id) => id > 2n ** 53n)).toBe(true);
  const [endpoint = ''] = target.members.endpoints;
  const { member_id: own = '', cluster_id: cluster = '' } = header ?? {};
  expect(members.map(({ ID }) => ID)).toContain(own);
  const status = await (apis[0] as Api).maintenance.status({});
  expect(status.header).toMatchObject({ member_id: own, cluster_id: cluster });
  expect(members.map(({ ID }) => ID)).toContain(status.leader);

  const hex = (id: string): string => BigInt(id).toString(16);
  const asJson = await target.etcdctl(['member', 'list', '-w', 'json']);
  for (const { ID } of members) expect(asJson.stdout).toContain(`"ID":${ID}`);
  expect(asJson.stdout).toContain(`"cluster_id":${cluster}`);
  const lines = await target.etcdctl(['member', 'list']);
  for (const { ID } of members) expect(lines.stdout).toContain(`${hex(ID)}, started`);
  const table = await target.etcdctl(['endpoint', 'status', '-w', 'table']);
  for (const { ID } of members) expect(table.stdout).toContain(` ${hex(ID)} |`);
  const list = await fetch(`http://${endpoint}/v3/cluster/member/list`, {
    method: 'POST',
    body: '{}',
  });
  expect(await list.json()).toMatchObject({
    header: { cluster_id: cluster, member_id: own },
    members: members.map(({ ID }) => ({ ID })),
  });
  const metrics = await (await fetch(`http://${endpoint}/metrics`)).text();
  expect(metrics).toContain(`etcd_server_id{server_id="${hex(own)}"} 1`);
  const vars = await fetch(`http://${endpoint}/debug/vars`);
  expect(await vars.json()).toMatchObject({
    'raft.status': { id: hex(own), lead: hex(status.leader) },
  });
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
