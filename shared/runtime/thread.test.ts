import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

test.each(['--input-type=module', '--input-type module'])(
  'a thread is started from a program given as text: %s',
  async (inputType) => {
    const folder = mkdtempSync(join(tmpdir(), 'quorate-thread-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'side.js'), `console.log('beside')`);
    const start = pathToFileURL(join(import.meta.dirname, 'thread.ts')).href;
    const from = pathToFileURL(join(folder, 'main.js')).href;
    const program = `const { startThread } = await import('${start}'); startThread('${from}', 'side', {});`;
    const flags = [...inputType.split(' '), '--max-semi-space-size=2'];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', program]);
    expect(stdout).toBe('beside\n');
  },
);
