import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '#shared/clock';
import { eventually, type Lab, matchers, startLab } from '#services/lab';

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

/** The process of the one container that runs. */
function containerPid(lab: Lab): string {
  const [file = ''] = globSync(join(lab.dataDir, 'worker-1/data/pods/*/*/*/pid'));
  return readFileSync(file, 'utf8').split(' ')[2] ?? '';
}

test('pods end with the worker that is killed, and with the lab', async () => {
  const lab = await startLab({ masters: 1, workers: 1, mode: 'in-process' });
  const run = async (name: string): Promise<string> => {
    const spec = { containers: [{ name: 'c', image: 'none', command: ['sleep', '3600'] }] };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
    await lab.quorateWith(JSON.stringify(pod), 'apply', '-f', '-');
    const phase = ['get', 'pod', name, '-o', 'jsonpath={.status.phase}'];
    await eventually('the pod', async () =>
      (await lab.quorate(...phase)).stdout === 'Running' ? true : undefined,
    );
    return `/proc/${containerPid(lab)}`;
  };
  const killed = await run('a');
  expect(existsSync(killed)).toBe(true);
  await lab.kill('worker-1');
  await eventually('its end', () => (existsSync(killed) ? undefined : true));
  await lab.start('worker-1');
  await lab.quorateOk('delete', 'pod', 'a');
  const last = await run('b');
  await lab.destroy();
  expect(existsSync(last)).toBe(false);
});
