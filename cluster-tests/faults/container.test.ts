import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createGrpcKvClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { matchers, startLab } from '#services/lab';

expect.extend(matchers);

const docker = (...args: string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

function engineAnswers(): boolean {
  try {
    return docker('version', '--format', '{{.Server.Version}}') !== '';
  } catch {
    return false;
  }
}

const answers = engineAnswers();
if (!answers) process.stdout.write('container lab: not run, no Docker engine answers\n');

test.runIf(answers)('a container lab: real network cuts, linearizable, nothing left', async () => {
  execFileSync('make', ['image'], { stdio: 'ignore' });
  const startedAt = systemClock.monotonic();
  const lab = await startLab({ masters: 3, workers: 1, mode: 'container' });
  try {
    const readyMs = Math.round(systemClock.monotonic() - startedAt);
    const load = await lab.load({ clients: 6 });
    const cut = await lab.leader();
    await lab.partition([cut]);
    await expect(load).toRecoverWithin(20_000);
    expect(await lab.leader()).not.toBe(cut);
    const endpoints = [lab.endpoint(cut)];
    const alone = createGrpcKvClient({ endpoints, clock: systemClock, timeoutMs: 1000 });
    await expect(alone.range({ key: 'x' })).rejects.toThrow(
      /unavailable|no answer|deadline|timed? ?out/i,
    );
    await alone.close();
    await lab.heal();
    const next = await lab.leader();
    await lab.kill(next);
    await expect(load).toRecoverWithin(20_000);
    await lab.start(next);
    await lab.pause(await lab.leader(), 3000);
    await expect(load).toRecoverWithin(20_000);
    const history = await load.stop();
    expect(history).toBeLinearizable();
    expect(history).toKeepWatchGuarantees();
    expect(lab.log(cut)).toContain(`"component":"${cut}"`);
    expect((await lab.quorateOk('get', 'nodes')).stdout).toContain('worker-1');
    await expect(
      lab.fault('master-1', { kind: 'process', what: 'pause', percent: 0 }),
    ).rejects.toThrow('in its container');
    process.stdout.write(
      `container lab: ready after ${readyMs} ms, ${history.operations.length} operations\n`,
    );
  } finally {
    await lab.destroy();
  }
  expect(docker('ps', '--all', '--quiet', '--filter', 'label=quorate-lab')).toBe('');
  expect(docker('network', 'ls', '--quiet', '--filter', 'label=quorate-lab')).toBe('');
});
