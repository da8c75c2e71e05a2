import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mutants } from '../../services/simulator/index.ts';

export interface Hunt {
  readonly mutant: string;
  /** Absent: it survived. */
  readonly kind?: string;
  readonly checker?: string;
  readonly seed?: number;
  /** Tried until then. */
  readonly runs: number;
  readonly output: string;
}

const main = join(import.meta.dirname, '../../services/simulator/main.ts');
const kinds: Readonly<Record<number, string>> = { 3: 'crash', 4: 'safety', 5: 'liveness' };

/** Looks for a mutant, seed by seed, in a process of its own. */
export async function hunt(mutant: string, firstSeed: number, seeds: number): Promise<Hunt> {
  const corpus = mkdtempSync(join(tmpdir(), 'mutant-'));
  try {
    const layers = mutants.find(({ name }) => name === mutant)?.layers ?? 'store';
    const flags = [
      '--layers',
      layers,
      '--mutant',
      mutant,
      '--seed',
      firstSeed,
      '--seeds',
      seeds,
      '--corpus',
      corpus,
    ];
    const args = [
      '--conditions=quorate-source',
      main,
      ...flags.map(String),
      '--shrink-seconds',
      '0',
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    }
    const code = await new Promise<number>((resolve) => child.on('close', (c) => resolve(c ?? 1)));
    const output = Buffer.concat(chunks).toString();
    const runs = Number(/^(\d+) runs/m.exec(output)?.[1] ?? 0);
    const found = /^seed (\d+) failed: \w+, found by "([^"]*)"/m.exec(output);
    if (code === 0) return { mutant, runs, output };
    const kind = kinds[code];
    if (!kind || !found) throw new Error(`mutant ${mutant} could not be hunted: ${output}`);
    return { mutant, kind, checker: found[2] ?? '', seed: Number(found[1]), runs, output };
  } finally {
    rmSync(corpus, { recursive: true });
  }
}

/** `make mutants`: all of them, or those that are named, by themselves or by their layers; exits with 1 where one survives. */
async function table(): Promise<void> {
  const [seedText = '1', seedsText = '400', ...names] = process.argv.slice(2);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say(
    `${'mutant'.padEnd(34)} ${'caught as'.padEnd(10)} ${'by'.padEnd(26)} ${'seed'.padEnd(8)} runs`,
  );
  for (const { name, layers = 'store' } of mutants) {
    if (names.length > 0 && !names.includes(name) && !names.includes(layers)) continue;
    const { kind, checker, seed, runs } = await hunt(name, Number(seedText), Number(seedsText));
    say(
      `${name.padEnd(34)} ${(kind ?? 'SURVIVED').padEnd(10)} ${(checker ?? '').padEnd(26)} ${String(seed ?? '').padEnd(8)} ${runs}`,
    );
    if (!kind) process.exitCode = 1;
  }
}

if (import.meta.main) await table();
