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
  const kv = lab.kv();
  await kv.put({ key: 'taken/1', value: Buffer.from('1') });
  await kv.close();
  await expect(lab.load({ prefix: 'taken/' })).rejects.toThrow('a prefix of its own');
  await expect(lab.load({ clients: 0 })).rejects.toThrow('at least 1');
  await expect(lab.fault(next, { kind: 'dsk' } as never)).rejects.toThrow('must be one of link');
  expect(() => lab.log('master-9')).toThrow('there are master-1');
  process.stdout.write(
    `in-process lab: ready after ${readyMs} ms, ${history.operations.length} operations\n`,
  );
});
