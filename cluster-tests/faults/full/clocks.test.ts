import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGrpcKvClient, type KvClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { eventually, type Lab, leadership, type Load, startLab } from '#shared/lab';
import { scenario } from '../scenario.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ masters: 3, workers: 0, faults: true });
});
afterAll(() => lab.destroy());

const value = Buffer.from('x');

test('clocks that jump: a lease lives as long as it was granted for', () =>
  scenario(lab, 'clock jump', async (load) => {
    for (const { name } of lab.parts) {
      await lab.fault(name, { kind: 'clock', offsetMs: 3_600_000, driftPpm: 0 });
    }
    load.remark('every clock an hour ahead');
    const sentAt = systemClock.monotonic();
    const kv = lab.kv();
    const { id } = await kv.leaseGrant({ ttlSeconds: 8 });
    await kv.put({ key: 'jumped', value, lease: id });
    for (const { name } of lab.parts) {
      await lab.fault(name, { kind: 'clock', offsetMs: 7_200_000, driftPpm: 0 });
    }
    load.remark('three hours ahead');
    expect(await lifeOf('jumped', sentAt)).toBeGreaterThanOrEqual(8000);
    await kv.close();
    return undefined;
  }));

test('a leader whose clock is fast ends a lease no sooner than its drift explains', () =>
  scenario(lab, 'fast leader', (load) => leaseUnderDrift(load, 500_000, 10)));

test('a leader whose clock is slow ends a lease no sooner than it was granted for', () =>
  scenario(lab, 'slow leader', (load) => leaseUnderDrift(load, -500_000, 5)));

test('a deposed leader whose clock all but stands still thinks that it leads, and answers nobody', () =>
  scenario(lab, 'deposed by a slow clock', async (load) => {
    const deposed = await eventually('two that think that they lead', () => deposeUnnoticed(load));
    const dial = (endpoints: readonly string[]): KvClient =>
      createGrpcKvClient({ endpoints, clock: systemClock, timeoutMs: 1500 });
    const kv = dial([lab.endpoint(deposed)]);
    const others = dial(lab.endpoints.filter((each) => each !== lab.endpoint(deposed)));
    await eventually('a write of the others', () => others.put({ key: 'fence', value }));
    // It is there, and does not know of the write: only its asking a majority keeps it silent.
    const stale = await eventually('a stale read', async () => {
      const { count } = await kv.range({ key: 'fence', serializable: true });
      return count;
    });
    expect(stale).toBe(0);
    const silence = /deadline exceeded|timed out/i;
    await expect(kv.range({ key: 'fence' })).rejects.toThrow(silence);
    await expect(kv.put({ key: 'fence', value })).rejects.toThrow(silence);
    const view = await eventually('its view', () => leadership(lab.endpoint(deposed)));
    expect(view.leads).toBe(true);
    await Promise.all([kv.close(), others.close()]);
    return load.recovery();
  }));

/** Milliseconds from `sentAt` until a key was first seen to be gone: never less than it lived. */
async function lifeOf(key: string, sentAt: number): Promise<number> {
  const kv = lab.kv();
  const gone = async (): Promise<true | undefined> =>
    (await kv.range({ key })).count === 0 ? true : undefined;
  await eventually(`the end of ${key}`, gone);
  await kv.close();
  return systemClock.monotonic() - sentAt;
}

async function leaseUnderDrift(
  load: Load,
  driftPpm: number,
  ttlSeconds: number,
): Promise<undefined> {
  const leader = await lab.leader();
  const before = await leadership(lab.endpoint(leader));
  await lab.fault(leader, { kind: 'clock', offsetMs: 0, driftPpm });
  load.remark(`${leader}'s clock drifts by ${driftPpm} ppm`);
  const key = `drifting ${driftPpm}`;
  const kv = lab.kv();
  const sentAt = systemClock.monotonic();
  const { id } = await kv.leaseGrant({ ttlSeconds });
  await kv.put({ key, value, lease: id });
  const livedMs = await lifeOf(key, sentAt);
  await kv.close();
  const after = await leadership(lab.endpoint(leader));
  // Whoever leads in its place has a true clock.
  const ledOn = after?.leads === true && after.term === before?.term;
  const rate = 1 + driftPpm / 1e6;
  const atLeastMs = (ttlSeconds * 1000) / (ledOn ? rate : Math.max(rate, 1));
  expect(livedMs).toBeGreaterThanOrEqual(atLeastMs);
  process.stdout.write(
    `clock drift ${driftPpm / 1e4}%: a lease of ${ttlSeconds} s lived ${(livedMs / 1000).toFixed(1)} s, ` +
      `at least ${(atLeastMs / 1000).toFixed(1)} s were due\n`,
  );
  return undefined;
}

/** Cuts off the leader while its clock runs at a hundredth; undefined if it noticed for all that. */
async function deposeUnnoticed(load: Load): Promise<string | undefined> {
  await lab.heal();
  const leader = await lab.leader();
  for (let i = 0; i < 2; i++) {
    await lab.fault(leader, { kind: 'clock', offsetMs: 0, driftPpm: -900_000 });
  }
  await lab.partition([leader]);
  load.remark(`${leader} cut off, its clock at a hundredth`);
  const next = await eventually('the next leader', async () => {
    const name = await lab.leader();
    return name === leader ? undefined : name;
  });
  load.remark(`${next} leads`);
  const view = await leadership(lab.endpoint(leader));
  return view?.leads === true ? leader : undefined;
}
