import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '#shared/lab';

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

function script(text: string): string {
  const file = join(project, 'script.mjs');
  writeFileSync(file, `import { startLab } from 'quorate/testing';\n${text}`);
  return file;
}

test.each(['in-process', 'process'])('%s: a run that is killed leaves nothing', async (mode) => {
  const file = script(`
    const lab = await startLab({ masters: 1, workers: 1, mode: '${mode}' });
    console.log(lab.dataDir);
    setInterval(() => undefined, 1000);`);
  const run = spawn(process.execPath, [file], { cwd: project });
  const [said] = (await once(run.stdout, 'data')) as [Buffer];
  const dataDir = said.toString().trim();
  expect(existsSync(dataDir)).toBe(true);
  run.kill('SIGKILL');
  await eventually('its end', () => (existsSync(dataDir) ? undefined : true));
});

test('a load that nobody stopped ends with its lab', () => {
  const file = script(`
    const lab = await startLab({ masters: 1, workers: 0, mode: 'in-process' });
    await lab.load();
    await lab.destroy();`);
  execFileSync(process.execPath, [file], { cwd: project, timeout: 60_000 });
});
