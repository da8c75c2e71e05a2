import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGrpcKvClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { eventually, type Lab, startLab } from '#services/lab';
import { scenario } from './scenario.ts';

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

let lab: Lab;
let readyMs = 0;
beforeAll(async () => {
  if (!answers) return;
  execFileSync('make', ['image'], { stdio: 'ignore' });
  const startedAt = systemClock.monotonic();
  lab = await startLab({ masters: 5, workers: 1, mode: 'container' });
  readyMs = Math.round(systemClock.monotonic() - startedAt);
}, 300_000);
afterAll(() => lab?.destroy());

describe.runIf(answers)('containers', () => {
  test('a minority of two is cut off the network, with the leader in it', () =>
    scenario(lab, 'container partition', async (load) => {
      process.stdout.write(`container lab: ready after ${readyMs} ms\n`);
      const cut = await lab.leader();
      const other = cut === 'master-1' ? 'master-2' : 'master-1';
      await lab.partition([cut, other]);
      load.remark(`${cut} and ${other} cut off`);
      const ms = await load.recovery();
      expect([cut, other]).not.toContain(await lab.leader());
      // One that is started anew has a new network, and is cut off all the same.
      await lab.kill(other);
      const start = lab.start(other);
      const alone = createGrpcKvClient({
        endpoints: [lab.endpoint(cut)],
        clock: systemClock,
        timeoutMs: 1000,
      });
      await expect(alone.range({ key: 'x' })).rejects.toThrow(/deadline exceeded|timed? ?out/i);
      await alone.close();
      await lab.heal();
      await start;
      return ms;
    }));

  test('a container is killed, and another stands still', () =>
    scenario(lab, 'container killed', async (load) => {
      const leader = await lab.leader();
      await lab.kill(leader);
      load.remark(`${leader} killed`);
      const ms = await load.recovery();
      await lab.start(leader);
      const next = await lab.leader();
      await lab.pause(next, 60_000);
      load.remark(`${next} paused`);
      await load.recovery();
      await lab.heal();
      return ms;
    }));

  test('what stands still is cut off and healed too, and what is done twice does no harm', async () => {
    await expect(lab.partition(['master-1', 'master-1'])).rejects.toThrow('named twice');
    await expect(lab.pause('master-1', 0)).rejects.toThrow('more than 0');
    await lab.pause('master-1', 60_000);
    await expect(lab.pause('master-1', 1000)).rejects.toThrow('paused already');
    await lab.partition(['master-1']);
    await lab.heal();
    await lab.start('master-1');
    await lab.stop('worker-1');
    await lab.stop('worker-1');
    await lab.start('worker-1');
    await lab.fault('master-1', { kind: 'clock', offsetMs: 1000, driftPpm: 0 });
    await lab.heal();
    expect(await lab.faults('master-1')).toEqual([]);
  });

  test('what has no network: slow disks, links that lose, failpoints, by the command too', () =>
    scenario(lab, 'container faults', async (load) => {
      const leader = await lab.leader();
      const followers = lab.parts
        .map(({ name }) => name)
        .filter((name) => name.startsWith('master'));
      await lab.fault(leader, {
        kind: 'disk',
        what: 'stall',
        target: 'log',
        ms: 50,
        probability: 1,
      });
      for (const name of followers) await lab.link(name, '*', { drop: 0.1, delayMs: 5 });
      const { stdout } = await lab.quorateOk('fault', 'list');
      expect(stdout).toMatch(new RegExp(`${leader}/disk-\\d+ +log stall 50ms`));
      await load.recovery();
      await lab.heal();
      load.remark(`${leader} is to crash after a save`);
      await lab.fault(leader, { kind: 'point', name: 'raftAfterSave', terms: '5*off->panic' });
      await eventually('its end', () =>
        lab.faults(leader).then(
          () => undefined,
          () => true,
        ),
      );
      const ms = await load.recovery();
      await lab.start(leader);
      return ms;
    }));

  test('logs are at hand, and nothing is left', async () => {
    expect(lab.log('master-1')).toContain('"component":"master-1"');
    expect((await lab.quorateOk('get', 'nodes')).stdout).toContain('worker-1');
    await lab.destroy();
    expect(docker('ps', '--all', '--quiet', '--filter', 'label=quorate-lab')).toBe('');
    expect(docker('network', 'ls', '--quiet', '--filter', 'label=quorate-lab')).toBe('');
  });
});
