import { expect, inject, test } from 'vitest';
import { createRng } from '#shared/base';
import { LocalCluster } from '../testing/local-cluster.ts';

const seed = inject('seed');
const value = new TextEncoder().encode('v');

/** Cuts, crashes and connections that come back while all members propose. */
async function trouble(runSeed: number): Promise<void> {
  const rng = createRng(runSeed);
  const cluster = new LocalCluster(3, { snapshotCount: 30, catchUpEntries: 10 });
  const done = new Set<string>();
  const all: string[] = [];
  await cluster.clock.advance(3000);
  for (let step = 0; step < 60; step++) {
    const id = 1 + rng.int(3);
    const member = cluster.member(id);
    const dice = rng.int(10);
    if (dice === 0) cluster.cut(id);
    else if (dice === 1 && member.up) cluster.crash(id);
    else if (dice <= 3) {
      if (!member.up) cluster.restart(id);
      cluster.heal(id);
      reconnect(cluster);
    } else if (member.up) {
      for (let i = 0; i < 5; i++) {
        const key = `${step}/${i}`;
        all.push(key);
        member.node.propose({ type: 'put', put: { key, value } }).then(
          () => done.add(key),
          () => undefined,
        );
      }
    }
    await cluster.clock.advance(rng.int(3) === 0 ? 1500 : rng.int(20));
  }
  for (const { id, up } of cluster.members) {
    if (!up) cluster.restart(id);
    cluster.heal(id);
  }
  reconnect(cluster);
  await cluster.clock.advance(15_000);
  const versions = cluster.members.map(({ state }) =>
    all.map((key) => state.mvcc.range({ key }).kvs[0]?.version ?? 0),
  );
  expect(cluster.members.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined]);
  expect(versions[1]).toEqual(versions[0]);
  expect(versions[2]).toEqual(versions[0]);
  expect(versions[0]?.filter((version) => version > 1)).toEqual([]);
  expect([...done].filter((key) => versions[0]?.[all.indexOf(key)] !== 1)).toEqual([]);
  expect(done.size).toBeGreaterThan(0);
}

/** Everybody hears of new connections, needed or not. */
function reconnect(cluster: LocalCluster): void {
  for (const { id, node, up } of cluster.members) {
    if (!up) continue;
    for (const other of cluster.others(id)) node.connected(other.id);
  }
}

test(`whatever is lost or sent twice, a command is applied at most once, and once if acknowledged (SEED=${seed})`, async () => {
  for (let run = 0; run < 20; run++) await trouble(seed + run);
});
