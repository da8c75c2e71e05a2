import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#shared/clock';
import { type Lab, startLab } from '#shared/lab';
import { scenario } from '../scenario.ts';

/** Five members: two may be lost at once, and majorities overlap in one that may be any. */
let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ masters: 5, workers: 0, faults: true });
});
afterAll(() => lab.destroy());

const followersOf = (leader: string): string[] =>
  lab.parts.map(({ name }) => name).filter((name) => name !== leader);

test('the leader and a follower of five lost at once: writes go on; with a third they end', () =>
  scenario(lab, 'two of five lost', async (load) => {
    const leader = await lab.leader();
    const [second = '', third = ''] = followersOf(leader);
    load.remark(`${leader} and ${second} killed`);
    await lab.kill(leader, second);
    const ms = await load.recovery();
    await lab.kill(third);
    load.remark(`${third} killed`);
    await systemClock.sleep(500);
    await expect(load.recovery(2000)).rejects.toThrow('gave up');
    await lab.start(second);
    load.remark(`${second} is back`);
    await load.recovery();
    await lab.start(leader, third);
    return ms;
  }));

test('split brain of five: the leader with a follower, and three that elect another one', () =>
  scenario(lab, 'split brain of five', async (load) => {
    const leader = await lab.leader();
    const [beside = '', ...most] = followersOf(leader);
    await lab.partition([leader, beside]);
    load.remark(`${leader} and ${beside} cut off`);
    const ms = await load.recovery();
    await systemClock.sleep(1500);
    expect(most).toContain(await lab.leader());
    await lab.heal();
    load.remark('healed');
    return ms;
  }));

test('majorities that change: each time two others are cut off', () =>
  scenario(lab, 'majorities of five', async (load) => {
    let worst = 0;
    for (let round = 0; round < 5; round++) {
      const names = lab.parts.map(({ name }) => name);
      const pair = [names[round] ?? '', names[(round + 2) % names.length] ?? ''];
      await lab.partition(pair);
      load.remark(`${pair.join(' and ')} cut off`);
      worst = Math.max(worst, await load.recovery());
      await lab.heal();
    }
    return worst;
  }));
