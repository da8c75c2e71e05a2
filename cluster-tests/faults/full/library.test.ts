import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** The library as its users have it: a packed tarball, unpacked in an empty folder, beside the example. */
const root = join(import.meta.dirname, '../../..');
let project = '';

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'quorate-user-'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', project], { cwd: root });
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? '';
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'quorate'), { recursive: true });
  execFileSync('tar', [
    '-xzf',
    join(project, tarball),
    '-C',
    join(modules, 'quorate'),
    '--strip-components=1',
  ]);
  rmSync(join(project, tarball));
  // As npm would install them, were there a registry to ask.
  for (const name of readdirSync(join(root, 'node_modules'))) {
    const to = join(modules, name);
    if (name !== 'quorate' && !existsSync(to)) symlinkSync(join(root, 'node_modules', name), to);
  }
  cpSync(join(root, 'examples/failure-suite'), project, { recursive: true });
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

test('the example passes, from a packed tarball in an empty folder', () => {
  const vitest = join(project, 'node_modules/vitest/vitest.mjs');
  const env = { ...process.env, NO_COLOR: '1', VITEST: undefined };
  const output = execFileSync(process.execPath, [vitest, 'run'], {
    cwd: project,
    env,
    encoding: 'utf8',
  });
  expect(output).toMatch(/Tests +2 passed/);
});
