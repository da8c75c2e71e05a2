import { createRng } from '#shared/base';
import { expect, inject, test } from 'vitest';
import { fullPageBytes } from './page.ts';
import { Pages } from './pages.ts';
import { SortedKeys } from './sorted-keys.ts';

const seed = inject('seed');
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const string = (value: Uint8Array): string => Buffer.from(value).toString('latin1');
const nameOf = (i: number): string => String.fromCharCode(0x72, i >> 8, i & 0xff);

/** What a backend does with them, on a disk that is a map. */
class Disk {
  readonly pages = new Map<string, Uint8Array>();
  /** How often a page was read. */
  reads = 0;

  open(newest: string): Pages {
    const names = new SortedKeys();
    for (const name of [...this.pages.keys()].sort()) names.add(name);
    return new Pages(names, bytes(newest), (name) => {
      this.reads++;
      const page = this.pages.get(name);
      if (!page) throw new Error(`there is no page ${name}`);
      return page;
    });
  }

  /** To be run when they are on the disk. */
  take(pages: Pages): () => void {
    const changed = Array.from(
      pages.takeChanged(),
      ([name, page]) => [name, Buffer.from(page)] as const,
    );
    return () => {
      for (const [name, page] of changed) {
        if (page.length === 0) this.pages.delete(name);
        else this.pages.set(name, page);
      }
      pages.written();
    };
  }

  write(pages: Pages): void {
    this.take(pages)();
  }
}

test(`are an ordered map of what is added at its end (SEED=${seed})`, () => {
  const rng = createRng(seed);
  const disk = new Disk();
  let pages = disk.open('');
  let flush: (() => void) | undefined;
  const model = new Map<string, string>();
  const some = (): string => nameOf(rng.int(3000));
  for (let i = 0; i < 3000; i++) {
    const name = nameOf(i);
    const value = `${i}`.repeat(1 + rng.int(60));
    pages.add(bytes(name), bytes(value));
    model.set(name, value);
    for (let deletions = rng.int(3); deletions > 0; deletions--) {
      const gone = some();
      const there = pages.delete(gone);
      expect(there && string(there)).toBe(model.get(gone));
      model.delete(gone);
    }
    if (rng.int(20) === 0) {
      flush?.();
      const written = disk.take(pages);
      // What is read and changed until it is run meets pages that are on their way.
      flush = () => {
        written();
        flush = undefined;
      };
    }
    if (rng.int(30) === 0) flush?.();
    if (rng.int(300) === 0) {
      flush?.();
      disk.write(pages);
      pages = disk.open(name);
    }
    const probe = some();
    const found = pages.get(probe);
    expect(found && string(found)).toBe(model.get(probe));
    if (i % 100 > 0) continue;
    const [low, high] = [some(), some()].sort() as [string, string];
    const expected = [...model].filter(([each]) => each >= low && each < high);
    const scanned = Array.from(pages.scan(low, high), ([key, kept]) => [string(key), string(kept)]);
    expect(scanned).toEqual(expected.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
});

test('hold what fits in a page, and are read once for all of it', () => {
  const disk = new Disk();
  const pages = disk.open('');
  const value = new Uint8Array(fullPageBytes / 8);
  for (let i = 0; i < 80; i++) pages.add(bytes(nameOf(i)), value);
  disk.write(pages);
  expect(disk.pages.size).toBe(10);
  for (let i = 0; i < 80; i++) expect(pages.get(nameOf(i))).toEqual(value);
  // All but the one that is still added to.
  expect(disk.reads).toBe(9);
});

test('go from the disk with their last record', () => {
  const disk = new Disk();
  const pages = disk.open('');
  pages.add(bytes(nameOf(1)), bytes('a'));
  disk.write(pages);
  pages.delete(nameOf(1));
  pages.add(bytes(nameOf(2)), bytes('b'));
  disk.write(pages);
  expect([...disk.pages.keys()]).toEqual([nameOf(2)]);
});

test('take no record before one that they have', () => {
  const pages = new Disk().open(nameOf(7));
  expect(() => pages.add(bytes(nameOf(7)), bytes('again'))).toThrow('in order');
});

test('what was read stays as it was, whatever becomes of its page', () => {
  const pages = new Disk().open('');
  for (let i = 0; i < 3; i++) pages.add(bytes(nameOf(i)), bytes(`value ${i}`));
  const one = pages.get(nameOf(1)) as Uint8Array;
  const [, , last] = Array.from(pages.scan('', '\xff'), ([, value]) => value);
  pages.delete(nameOf(0));
  pages.add(bytes(nameOf(3)), bytes('another one'));
  expect([one, last as Uint8Array].map(string)).toEqual(['value 1', 'value 2']);
});
