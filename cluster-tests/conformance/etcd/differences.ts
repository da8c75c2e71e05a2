import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { target } from './target.ts';

const file = join(import.meta.dirname, 'known-differences.txt');

/** Names in known-differences.txt: a line each that begins at the margin and ends with a colon. */
export function knownDifferences(): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^(\S.*):$/gm)].map(([, name = '']) => name);
}

/** What the target of this run is to answer where the two are known to differ. */
export function differs<T>(name: string, expected: { etcd: T; quorate: T }): T {
  if (!knownDifferences().includes(name)) {
    throw new Error(`"${name}" is not in known-differences.txt: say there why the answers differ`);
  }
  return expected[target];
}
