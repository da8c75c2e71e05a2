import { expect, test } from 'vitest';
import { LocalCluster, type LocalMember, silent } from '../testing/local-cluster.ts';
import { AutoCompaction } from './auto-compaction.ts';

const minuteMs = 60_000;

async function alone(): Promise<{ cluster: LocalCluster; member: LocalMember }> {
  const cluster = new LocalCluster(1);
  await cluster.clock.advance(3000);
  return { cluster, member: cluster.member(1) };
}

async function write(member: LocalMember, cluster: LocalCluster, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const done = member.node.propose({ type: 'put', put: { key: 'k', value: new Uint8Array() } });
    await cluster.clock.advance(10);
    await done;
  }
}

test('by time: what is older than the period goes, and nothing younger', async () => {
  const { cluster, member } = await alone();
  const { clock } = cluster;
  const settings = { mode: 'periodic', periodMs: minuteMs } as const;
  const compaction = new AutoCompaction({ ...member, clock }, settings, silent);
  await write(member, cluster, 5);
  await clock.advance(minuteMs / 2);
  await write(member, cluster, 5);
  expect(member.state.mvcc.compactRevision).toBe(0);
  await clock.advance(minuteMs);
  const { compactRevision } = member.state.mvcc;
  expect(compactRevision).toBeGreaterThanOrEqual(6);
  expect(compactRevision).toBeLessThan(11);
  compaction.stop();
  await clock.advance(10 * minuteMs);
  expect(member.state.mvcc.compactRevision).toBe(compactRevision);
});

test('by revision: so many stay', async () => {
  const { cluster, member } = await alone();
  const { clock } = cluster;
  const compaction = new AutoCompaction(
    { ...member, clock },
    { mode: 'revision', revisions: 3 },
    silent,
  );
  await write(member, cluster, 10);
  await clock.advance(5 * minuteMs);
  expect(member.state.mvcc.compactRevision).toBe(11 - 3);
  compaction.stop();
});
