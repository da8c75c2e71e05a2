import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#shared/clock';
import { type Lab, startLab } from '#shared/lab';
import { scenario } from './scenario.ts';

/** What every run of `make test` breaks; the rest is in full/, for `make test-faults`. */
let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ masters: 3, workers: 0, faults: true });
});
afterAll(() => lab.destroy());

const others = (name: string): string[] =>
  lab.parts.map((part) => part.name).filter((other) => other !== name);

test('leader killed', () =>
  scenario(lab, 'leader killed', async (load) => {
    const leader = await lab.leader();
    load.remark(`${leader} killed`);
    await lab.kill(leader);
    const ms = await load.recovery();
    await lab.start(leader);
    return ms;
  }));

test('split brain, with clients on both sides', () =>
  scenario(lab, 'split brain', async (load) => {
    const leader = await lab.leader();
    await lab.partition([leader]);
    load.remark(`${leader} cut off`);
    const ms = await load.recovery();
    await systemClock.sleep(1500);
    expect(await lab.leader()).not.toBe(leader);
    await lab.heal();
    load.remark('healed');
    return ms;
  }));

test('one-way cut: the leader hears everybody, and nobody hears the leader', () =>
  scenario(lab, 'one-way cut', async (load) => {
    const leader = await lab.leader();
    for (const other of others(leader)) await lab.link(leader, other, { drop: 1 });
    load.remark(`nothing from ${leader} gets through`);
    const ms = await load.recovery();
    expect(await lab.leader()).not.toBe(leader);
    return ms;
  }));

test('power loss of the whole cluster, with writes of every member in the air', () =>
  scenario(lab, 'power loss', async (load) => {
    const all = lab.parts.map(({ name }) => name);
    await lab.kill(...all);
    load.remark('power lost');
    await lab.start(...all);
    return load.recovery();
  }));

test('links that lose, double, delay and reorder messages', () =>
  scenario(lab, 'bad links', async (load) => {
    const numbers = { drop: 0.1, duplicate: 0.2, reorder: 0.3, delayMs: 5, jitterMs: 10 };
    await lab.link('*', '*', numbers);
    load.remark('bad links');
    await systemClock.sleep(4000);
    return load.recovery();
  }));
