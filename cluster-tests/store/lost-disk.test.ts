import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Lab, startLab } from '#shared/lab';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ workers: 0 });
});
afterAll(() => lab.destroy());

test('a master whose disk was lost is refused, told how to come back, and does', async () => {
  await lab.quorateOk('kill', 'master-3');
  rmSync(join(lab.dataDir, 'master-3', 'data'), { recursive: true });
  const refused = await lab.quorate('start', 'master-3');
  expect(refused.code).toBe(1);
  const text = refused.stdout + refused.stderr;
  expect(text).toContain('has already been bootstrapped');
  expect(text).toContain('quorate start master-3 --new-member');
  await lab.quorateOk('start', 'master-3', '--new-member');
  await eventually('all three members', async () => {
    const { members } = await lab.json<{ members: { role: string }[] }>('status');
    const roles = members.map(({ role }) => role);
    return (roles.length === 3 && roles.every((role) => /leader|follower/.test(role))) || undefined;
  });
  await lab.quorateOk('kill', 'master-1');
  // Each under a name of its own: one whose answer was lost may be there.
  let tries = 0;
  await eventually('a quorum with the new one', async () => {
    const { code, stderr } = await lab.quorate('create', 'namespace', `still-writes-${++tries}`);
    if (code !== 0) throw new Error(stderr);
    return true;
  });
});
