import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createRng } from '#shared/base';
import { writeKnownDir } from './testing/known-dir.ts';

/* Whatever is damaged in a data directory, what is said of it names what was wrong, where, and what to do. */
const dir = mkdtempSync(join(tmpdir(), 'quorate-damage-'));
const original = join(dir, 'original');
const seed = inject('seed');
const rng = createRng(seed);
const garbage = (length: number): Buffer => Buffer.from(Array.from({ length }, () => rng.int(256)));

beforeAll(() => writeKnownDir(original));
afterAll(() => rmSync(dir, { recursive: true }));

const damages: Readonly<Record<string, (path: string, bytes: Buffer) => void>> = {
  'filled with garbage': (path, bytes) => writeFileSync(path, garbage(bytes.length)),
  'filled with lines of garbage': (path, bytes) =>
    writeFileSync(path, `${garbage(bytes.length).toString('latin1')}\n`, 'latin1'),
  'another name': (path) => writeFileSync(path, 'MANIFEST-999999\n'),
  'filled with zeros': (path, bytes) => writeFileSync(path, Buffer.alloc(bytes.length)),
  emptied: (path) => writeFileSync(path, ''),
  'cut in half': (path, bytes) => writeFileSync(path, bytes.subarray(0, bytes.length / 2)),
  'garbage in its middle': (path, bytes) => {
    const part = garbage(Math.ceil(bytes.length / 4));
    bytes.set(part, Math.floor(bytes.length / 3));
    writeFileSync(path, bytes);
  },
  gone: (path) => rmSync(path),
  'a folder': (path) => {
    rmSync(path);
    mkdirSync(path);
  },
};

/** Of all files, from the directory. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}

/** What opening each gave, in order; where LevelDB's own checks ended the process, that it did. */
function open(folders: readonly string[]): string[] {
  const program = join(import.meta.dirname, 'testing/open-dirs.ts');
  const said: string[] = [];
  while (said.length < folders.length) {
    const args = ['--conditions=quorate-source', program, ...folders.slice(said.length)];
    const { stdout, stderr, signal } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    said.push(...stdout.split('\n').filter((line) => line !== ''));
    if (signal !== null) said.push(`the process was ended: ${stderr}`);
    else if (said.length < folders.length) throw new Error(stderr);
  }
  return said;
}

const whatToDo =
  /move this directory away|remove the folder, and start again|then start again|put that back/;

test(`every damage to any file is harmless, or said with its place and what to do (SEED=${seed})`, () => {
  const cases = filesOf(original).flatMap((file) =>
    Object.keys(damages).map((damage) => ({ file, damage })),
  );
  const folders = cases.map(({ file, damage }, i) => {
    const folder = join(dir, `case-${i}`);
    cpSync(original, folder, { recursive: true });
    const path = join(folder, file);
    damages[damage]?.(path, readFileSync(path));
    return folder;
  });
  const said = open(folders);
  const unclear = said.flatMap((text, i) => {
    const clear = text === 'whole' || (text.includes(folders[i] ?? '') && whatToDo.test(text));
    return clear ? [] : [`${cases[i]?.file} ${cases[i]?.damage}: ${text}`];
  });
  expect(unclear).toEqual([]);
  expect(said.filter((text) => text !== 'whole').length).toBeGreaterThan(cases.length / 4);
});
