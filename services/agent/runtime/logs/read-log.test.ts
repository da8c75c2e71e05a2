import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { ManualClock } from '#shared/clock';
import { whileMoving } from '../../testing/while-moving.ts';
import { LogFile } from './log-file.ts';
import { readLog } from './read-log.ts';

const limits = { maxBytes: 10, maxFiles: 3 };
let folder: string;
let path: string;
let log: LogFile;
let live: boolean;
let clock: ManualClock;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'));
  path = join(folder, 'log');
  log = new LogFile(path);
  live = true;
  clock = new ManualClock();
});

const read = (options: object) => readLog(log, options, () => Promise.resolve(live), clock);

async function all(options: object): Promise<string> {
  let text = '';
  for await (const data of read(options)) text += Buffer.from(data).toString();
  return text;
}

test('the last lines, wherever the files part', async () => {
  writeFileSync(path, 'one\ntwo\nthree\n');
  log.rotateIfLarge(limits);
  appendFileSync(path, 'four\nfive');
  expect(await all({})).toBe('one\ntwo\nthree\nfour\nfive');
  expect(await all({ tailLines: 0 })).toBe('');
  expect(await all({ tailLines: 1 })).toBe('five');
  expect(await all({ tailLines: 2 })).toBe('four\nfive');
  expect(await all({ tailLines: 4 })).toBe('two\nthree\nfour\nfive');
  expect(await all({ tailLines: 99 })).toBe('one\ntwo\nthree\nfour\nfive');
  expect(await all({ limitBytes: 5 })).toBe('one\nt');
});

test('rotation keeps as many files as it may', () => {
  for (const text of ['aaaaaaaaaaa', 'bbbbbbbbbbb', 'ccccccccccc']) {
    appendFileSync(path, text);
    log.rotateIfLarge(limits);
  }
  const contents = ['log', 'log.1', 'log.2'].map((name) =>
    readFileSync(join(folder, name), 'utf8'),
  );
  expect(contents).toEqual(['', 'ccccccccccc', 'bbbbbbbbbbb']);
});

test('a follower sees every byte across rotations, and ends with the container', async () => {
  writeFileSync(path, '');
  const lines = Array.from({ length: 20 }, (_, i) => `line ${i}\n`);
  const follower = read({ follow: true });
  let seen = '';
  const catchUp = async (length: number): Promise<void> => {
    while (seen.length < length) {
      const { value } = await follower.next();
      seen += Buffer.from(value ?? new Uint8Array()).toString();
    }
  };
  for (const [i, line] of lines.entries()) {
    appendFileSync(path, line);
    if (i % 3 === 0) log.rotateIfLarge(limits);
    if (i % 4 === 0) {
      await whileMoving(clock, catchUp(lines.slice(0, i + 1).join('').length), 100);
    }
  }
  live = false;
  await whileMoving(clock, catchUp(lines.join('').length), 100);
  expect(seen).toBe(lines.join(''));
  const end = follower.next();
  await whileMoving(clock, end, 100);
  expect((await end).done).toBe(true);
});

test('a follower that is let go ends', async () => {
  writeFileSync(path, 'x');
  const gone = new AbortController();
  const follower = read({ follow: true, signal: gone.signal });
  await follower.next();
  const next = follower.next();
  gone.abort();
  expect((await next).done).toBe(true);
});
