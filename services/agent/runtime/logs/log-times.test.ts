import { appendFileSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { ManualClock } from '#shared/clock';
import { LogFile } from './log-file.ts';
import { readLog } from './read-log.ts';

let folder: string;
let path: string;
let log: LogFile;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-times-'));
  path = join(folder, 'log');
  log = new LogFile(path);
  writeFileSync(path, '');
});

/** As a process that writes, and an agent that notes when. */
function write(text: string, second: number): void {
  appendFileSync(path, text);
  utimesSync(path, second, second);
  log.noteTime();
}

async function read(options: object, from = log): Promise<string> {
  let text = '';
  const gone = (): Promise<boolean> => Promise.resolve(false);
  for await (const data of readLog(from, options, gone, new ManualClock())) {
    text += Buffer.from(data).toString();
  }
  return text;
}

const at = (second: number): string => `1970-01-01T00:00:0${second}.000Z`;

test('each line has the time it was written, also after a rotation and with another agent', async () => {
  write('one\ntwo\n', 1);
  write('three, first half', 2);
  write(' and second\n', 3);
  log.rotateIfLarge({ maxBytes: 10, maxFiles: 3 });
  write('four\n', 4);
  const all = `${at(1)} one\n${at(1)} two\n${at(2)} three, first half and second\n${at(4)} four\n`;
  expect(await read({ timestamps: true })).toBe(all);
  expect(await read({ timestamps: true }, new LogFile(path))).toBe(all);
  expect(await read({ timestamps: true, limitBytes: 10 })).toBe(all.slice(0, 10));
});

test('since a time: whole lines, from the first that was written then', async () => {
  write('one\n', 1);
  write('two\n', 2);
  log.rotateIfLarge({ maxBytes: 5, maxFiles: 3 });
  write('three\n', 3);
  expect(await read({ sinceTimeMs: 0 })).toBe('one\ntwo\nthree\n');
  expect(await read({ sinceTimeMs: 2_000 })).toBe('two\nthree\n');
  expect(await read({ sinceTimeMs: 2_001 })).toBe('three\n');
  expect(await read({ sinceTimeMs: 4_000 })).toBe('');
  expect(await read({ sinceTimeMs: 1_000, tailLines: 1 })).toBe('three\n');
  expect(await read({ sinceTimeMs: 3_000, tailLines: 9 })).toBe('three\n');
});
