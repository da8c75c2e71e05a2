import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mutants } from '../../services/simulator/index.ts';

export interface Hunt {
  readonly mutant: string;
  /** Absent: it survived. */
  readonly kind?: string;
  readonly checker?: string;
  /** What found it: the kept plan, or a seed. */
  readonly by?: string;
  /** Tried until then. */
  readonly runs: number;
  readonly seconds: number;
  readonly output: string;
}

const main = join(import.meta.dirname, '../../services/simulator/main.ts');
const corpus = join(import.meta.dirname, 'corpus');
const kinds: Readonly<Record<number, string>> = { 3: 'crash', 4: 'safety', 5: 'liveness' };

/** Of the plan that is kept for a mutant, whether or not there is one. */
const planOf = (mutant: string): string => join(corpus, `${mutant}.json`);

export const hasPlan = (mutant: string): boolean => existsSync(planOf(mutant));

/** Puts the mutant into a process of its own and runs the plan that once found it. */
export async function huntKept(mutant: string): Promise<Hunt> {
  const ended = await simulate('--mutant', mutant, '--plan', planOf(mutant));
  const found = /^(crash|safety|liveness): (.*?), at \d+ ms/m.exec(ended.output);
  const kind = kinds[ended.code];
  if (ended.code !== 0 && (!kind || !found)) throw cannotHunt(mutant, ended.output);
  return { mutant, ...(found && { kind, checker: found[2], by: 'kept plan' }), runs: 1, ...ended };
}

/** Seed by seed; what finds it is shortened for so long, and kept in `keep`. */
export async function huntSeeds(
  mutant: string,
  { firstSeed, seeds, minutes = 10, keep }: HuntOptions,
): Promise<Hunt> {
  const folder = keep ?? mkdtempSync(join(tmpdir(), 'mutant-'));
  try {
    const layers = mutants.find(({ name }) => name === mutant)?.layers ?? 'store';
    const limits = ['--seed', firstSeed, '--seeds', seeds, '--minutes', minutes].map(String);
    const where = ['--corpus', folder, '--shrink-seconds', keep ? '20' : '0', '--fresh'];
    const ended = await simulate('--layers', layers, '--mutant', mutant, ...limits, ...where);
    const runs = Number(/^(\d+) runs/m.exec(ended.output)?.[1] ?? 0);
    if (ended.code === 0) return { mutant, runs, ...ended };
    const found = /^seed (\d+) failed: \w+, found by "([^"]*)"/m.exec(ended.output);
    const kind = kinds[ended.code];
    if (!kind || !found) throw cannotHunt(mutant, ended.output);
    return { mutant, kind, checker: found[2] ?? '', by: `seed ${found[1]}`, runs, ...ended };
  } finally {
    if (!keep) rmSync(folder, { recursive: true });
  }
}

export interface HuntOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly minutes?: number;
  readonly keep?: string | undefined;
}

const cannotHunt = (mutant: string, output: string): Error =>
  new Error(`mutant ${mutant} could not be hunted: ${output}`);

async function simulate(
  ...flags: readonly string[]
): Promise<{ code: number; output: string; seconds: number }> {
  const begunMs = performance.now();
  const args = ['--conditions=quorate-source', main, ...flags];
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'quorate-mutants') };
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  }
  const code = await new Promise<number>((resolve) => child.on('close', (c) => resolve(c ?? 1)));
  const seconds = (performance.now() - begunMs) / 1000;
  return { code, output: Buffer.concat(chunks).toString(), seconds };
}

const usage = `Hunts the known bugs: each first on the plan that is kept for it, then on fresh seeds.

  make mutants MUTANTS_ARGS="[--seed N] [--seeds N] [--minutes M] [--fresh] [--keep] [NAME|store|cluster ...]"

  --seed N      the first fresh seed (default 1)
  --seeds N     fresh seeds for each, at most (default 100)
  --minutes M   for each, at most (default 5)
  --fresh       do not try kept plans
  --keep        shorten and keep the plan that finds one which has none
`;

/** `make mutants`; exits with 1 where one survives. */
async function table(): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const { values, positionals: names } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '100' },
      minutes: { type: 'string', default: '5' },
      fresh: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(usage.trimEnd());
    return;
  }
  const options = {
    firstSeed: Number(values.seed),
    seeds: Number(values.seeds),
    minutes: Number(values.minutes),
  };
  say(row('mutant', 'caught as', 'by checker', 'of', 'runs', 'seconds'));
  const survivors: string[] = [];
  for (const { name, layers = 'store', blindSpot } of mutants) {
    const wanted = names.length === 0 || names.includes(layers);
    if (!names.includes(name) && (!wanted || blindSpot !== undefined)) continue;
    const kept = !values.fresh && hasPlan(name) ? await huntKept(name) : undefined;
    const keep = values.keep && !hasPlan(name) ? corpus : undefined;
    const hunt = kept?.kind ? kept : await huntSeeds(name, { ...options, keep });
    const { kind = 'SURVIVED', checker = '', by = '', runs, seconds } = hunt;
    say(row(name, kind, checker, by, String(runs), seconds.toFixed(1)));
    if (!hunt.kind) survivors.push(name);
  }
  for (const { name, blindSpot } of mutants) {
    if (names.length === 0 && blindSpot) say(`not hunted: ${name}, which takes ${blindSpot}`);
  }
  say(
    survivors.length === 0
      ? 'all that were hunted were caught'
      : `not caught: ${survivors.join(', ')}`,
  );
  if (survivors.length > 0) process.exitCode = 1;
}

function row(...[name, kind, checker, by, runs, seconds]: readonly string[]): string {
  const texts = [name?.padEnd(38), kind?.padEnd(10), checker?.padEnd(26), by?.padEnd(12)];
  return [...texts, runs?.padStart(5), seconds?.padStart(8)].join(' ').trimEnd();
}

if (import.meta.main) await table();
