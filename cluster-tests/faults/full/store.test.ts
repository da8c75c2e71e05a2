import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#shared/clock';
import { eventually, type Lab, startLab } from '#shared/lab';
import { scenario } from '../scenario.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ masters: 3, workers: 0, faults: true });
});
afterAll(() => lab.destroy());

const masters = ['master-1', 'master-2', 'master-3'];
const followers = async (): Promise<string[]> => {
  const leader = await lab.leader();
  return masters.filter((name) => name !== leader);
};
const follower = async (): Promise<string> => (await followers())[0] ?? '';

test('minority lost: writes go on', () =>
  scenario(lab, 'minority lost', async (load) => {
    const one = await follower();
    await lab.kill(one);
    load.remark(`${one} killed`);
    const ms = await load.recovery();
    await lab.start(one);
    return ms;
  }));

test('majority lost: nothing is acknowledged until it is back', () =>
  scenario(lab, 'majority lost', async (load) => {
    const two = await followers();
    await lab.kill(...two);
    load.remark('majority lost');
    await systemClock.sleep(500);
    await expect(load.recovery(2000)).rejects.toThrow('gave up');
    await lab.start(...two);
    load.remark('majority back');
    return load.recovery();
  }));

test('slow leader disk: every write of its log takes 200 ms', () =>
  scenario(lab, 'slow leader disk', async (load) => {
    const leader = await lab.leader();
    await lab.fault(leader, {
      kind: 'disk',
      what: 'stall',
      target: 'log',
      ms: 200,
      probability: 1,
    });
    load.remark(`${leader}'s disk is slow`);
    const ms = await load.recovery();
    await systemClock.sleep(3000);
    return ms;
  }));

test('pause of the leader longer than its lease', () =>
  scenario(lab, 'long pause', async (load) => {
    const leader = await lab.leader();
    await lab.pause(leader, 6000);
    load.remark(`${leader} paused`);
    const ms = await load.recovery();
    await systemClock.sleep(6000);
    return ms;
  }));

test('rolling restart', () =>
  scenario(lab, 'rolling restart', async (load) => {
    let worst = 0;
    for (const name of masters) {
      await lab.stop(name);
      load.remark(`${name} stopped`);
      worst = Math.max(worst, await load.recovery());
      await lab.start(name);
    }
    return worst;
  }));

test('member replaced under load, its disk gone', () =>
  scenario(lab, 'member replaced', async (load) => {
    const one = await follower();
    await lab.kill(one);
    load.remark(`${one} lost its disk`);
    const ms = await load.recovery();
    await lab.quorateOk('start', '--new-member', one);
    return ms;
  }));

test('disk full: the member stops, the others go on, and it comes back', () =>
  scenario(lab, 'disk full', async (load) => {
    const leader = await lab.leader();
    await lab.fault(leader, { kind: 'disk', what: 'full', target: 'log', ms: 0, probability: 1 });
    load.remark(`${leader}'s disk is full`);
    const ms = await load.recovery();
    await eventually('its end', () =>
      lab.log(leader).includes('no space left') ? true : undefined,
    );
    await eventually('the process gone', async () => {
      const { stdout } = await lab.quorate('status');
      return new RegExp(`${leader} +- +dead`).test(stdout) ? true : undefined;
    });
    await lab.start(leader);
    return ms;
  }));

test('crash at a failpoint, after the log is saved and before anybody is told', () =>
  scenario(lab, 'crash after save', async (load) => {
    const leader = await lab.leader();
    await lab.fault(leader, { kind: 'point', name: 'raftAfterSave', terms: '5*off->panic' });
    load.remark(`${leader} is to crash after a save`);
    await eventually('its death', async () => {
      const { stdout } = await lab.quorate('status');
      return new RegExp(`${leader} +- +dead`).test(stdout) ? true : undefined;
    });
    const ms = await load.recovery();
    await lab.start(leader);
    return ms;
  }));

test('torn write of a follower’s log: it comes back by itself', () =>
  scenario(lab, 'torn write', async (load) => {
    const one = await follower();
    await lab.fault(one, {
      kind: 'disk',
      what: 'torn-write',
      target: 'log',
      ms: 0,
      probability: 1,
    });
    load.remark(`${one} tears a write`);
    const ms = await load.recovery();
    await eventually('its death', async () => {
      const { stdout } = await lab.quorate('status');
      return new RegExp(`${one} +- +dead`).test(stdout) ? true : undefined;
    });
    await lab.start(one);
    return ms;
  }));

test('corrupted log: the member refuses to start, says why, and is replaced', () =>
  scenario(lab, 'corrupted log', async (load) => {
    const one = await follower();
    await lab.kill(one);
    damageLog(join(lab.dataDir, one, 'data', 'log'));
    load.remark(`${one}'s log damaged`);
    const ms = await load.recovery();
    const start = await lab.quorate('start', one);
    expect(start.code).not.toBe(0);
    expect(start.stderr + start.stdout).toMatch(/damaged|corrupt|checksum/i);
    await lab.quorateOk('start', '--new-member', one);
    return ms;
  }));

/** Flips a bit in the middle of the largest file: not at its end, where a crash may have torn it. */
function damageLog(folder: string): void {
  const files = readdirSync(folder).map((name) => {
    const path = join(folder, name);
    return { path, bytes: readFileSync(path) };
  });
  // Segments are longer than what is in them: the middle of what is used is what counts.
  const used = ({ bytes }: { bytes: Buffer }): number => bytes.findLastIndex((byte) => byte !== 0);
  const largest = files.toSorted((a, b) => used(b) - used(a))[0];
  if (!largest) throw new Error(`${folder} is empty`);
  const at = Math.floor(used(largest) / 2);
  largest.bytes.writeUInt8(largest.bytes.readUInt8(at) ^ 0x10, at);
  writeFileSync(largest.path, largest.bytes);
}
