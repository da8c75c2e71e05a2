import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, matchers, startLab } from 'quorate/testing';

expect.extend(matchers);

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ masters: 3, workers: 0, mode: 'in-process' });
}, 60_000);
afterAll(() => lab.destroy());

test('a leader that dies costs nothing that was acknowledged', async () => {
  const load = await lab.load({ clients: 6 });
  const leader = await lab.leader();
  await lab.kill(leader);
  await expect(load).toRecoverWithin(10_000);
  await lab.start(leader);
  const history = await load.stop();
  expect(history).toBeLinearizable();
  expect(history).toKeepWatchGuarantees();
}, 60_000);

test('a leader that is cut off, with clients on both sides', async () => {
  const load = await lab.load({ clients: 6 });
  const leader = await lab.leader();
  await lab.partition([leader]);
  await expect(load).toRecoverWithin(10_000);
  expect(await lab.leader()).not.toBe(leader);
  await lab.heal();
  const history = await load.stop();
  expect(history).toBeLinearizable();
}, 60_000);
