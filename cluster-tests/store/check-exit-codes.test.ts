import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const quorate = join(import.meta.dirname, '../../dist/bin/quorate.js');
const folder = mkdtempSync(join(tmpdir(), 'check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const operation = (client: number, fromMs: number, call: object, answer?: object) => ({
  operation: {
    client,
    endpoint: 'a:1',
    invokedMs: fromMs,
    ...(answer ? { returnedMs: fromMs + 1, outcome: 'ok', answer } : { outcome: 'unknown' }),
    call,
  },
});
const put = (value: string) => ({ type: 'put', key: 'k', value });
const get = { type: 'range', key: 'k' };
const saw = (value: string, revision: number) => ({
  revision,
  kvs: [{ key: 'k', value, mod: revision }],
});

const written = operation(1, 1, put('1'), { revision: 2 });
const stale = operation(2, 5, get, { revision: 1, kvs: [] });
const lost = [1, 2, 3, 4, 5, 6].map((i) => operation(10 + i, i, put(`lost ${i}`)));
const late = operation(2, 20, get, { kvs: [{ key: 'k', value: 'lost 4' }] });

test.each([
  ['a history that holds together', 0, [written, operation(2, 5, get, saw('1', 2))], []],
  ['no history', 1, undefined, []],
  ['a stale read', 3, [written, stale], []],
  ['too little budget', 4, [...lost, late], ['--budget', '2']],
])('quorate check: %s exits with its code', async (name, code, records, flags) => {
  const file = join(folder, `${name}.jsonl`);
  const lines = [{ format: 'quorate-history/1', initialRevision: 1 }, ...(records ?? [])];
  if (records) writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const [exit, output] = await run('check', file, ...flags);
  expect(exit, output).toBe(code);
});

function run(...args: string[]): Promise<[number | null, string]> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [quorate, ...args], (_, stdout, stderr) =>
      resolve([child.exitCode, stdout + stderr]),
    );
  });
}
