import { expect, test } from 'vitest';
import { systemClock } from '#shared/clock';
import { matchers, startLab } from '#services/lab';

expect.extend(matchers);

/** The library's lab within one process: the same parts, ready sooner. */
test('an in-process lab loses its leader, is cut in two, and stays linearizable', async () => {
  const startedAt = systemClock.monotonic();
  await using lab = await startLab({ masters: 3, workers: 0, mode: 'in-process' });
  const readyMs = Math.round(systemClock.monotonic() - startedAt);
  const load = await lab.load({ clients: 6 });
  const leader = await lab.leader();
  await lab.kill(leader);
  await expect(load).toRecoverWithin(120_000);
  await lab.start(leader);
  const next = await lab.leader();
  await lab.partition([next]);
  await expect(load).toRecoverWithin(120_000);
  await lab.heal();
  const history = await load.stop();
  expect(history).toBeLinearizable();
  expect(history).toKeepWatchGuarantees();
  await expect(lab.pause(next, 100)).rejects.toThrow('cannot be paused');
  process.stdout.write(
    `in-process lab: ready after ${readyMs} ms, ${history.operations.length} operations\n`,
  );
});
