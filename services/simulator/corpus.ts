import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QuorateError } from '#shared/base';
import type { Finding } from './checks/report.ts';
import type { AnyPlan } from './layers.ts';

/** A plan that once failed, and with what. */
export interface Case {
  readonly name: string;
  /** The known bug that was put in: without it nothing is found. */
  readonly mutant?: string | undefined;
  readonly plan: AnyPlan;
  readonly finding: Finding;
}

/** In the order of their names; none where there is no such folder. */
export async function readCorpus(folder: string): Promise<Case[]> {
  const names = await readdir(folder).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  });
  const files = names.filter((name) => name.endsWith('.json')).sort();
  return Promise.all(files.map((name) => readCase(join(folder, name))));
}

export async function readCase(file: string): Promise<Case> {
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
    throw new QuorateError('bad-request', `cannot read ${file}: ${String(thrown)}`);
  });
  try {
    const { mutant, plan, finding } = JSON.parse(text) as Case;
    if (!Array.isArray(plan.faults) || !Array.isArray(plan.clients)) throw new Error('no plan');
    return { name: file, mutant, plan, finding };
  } catch {
    throw new QuorateError('bad-request', `${file} holds no plan of a simulation`);
  }
}

/** Returns where it was written. */
export async function keepCase(
  folder: string,
  { name, mutant, plan, finding }: Case,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  // A stack trace names the folders of the machine it comes from.
  const text = finding.text.split('\n    at ')[0] ?? finding.text;
  const kept: Kept = { mutant, finding: { ...finding, text }, plan };
  await writeFile(file, `${textOf(kept)}\n`);
  return file;
}

type Kept = Omit<Case, 'name'>;

/** JSON with a line for each fault and each client, so that people can read it and plans stay short. */
function textOf({ plan: { faults, clients, ...rest }, ...about }: Kept): string {
  const lines = (items: readonly unknown[]): string =>
    items.length === 0 ? '[]' : `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]`;
  const head = JSON.stringify(about).slice(0, -1);
  const plan = JSON.stringify(rest).slice(0, -1);
  return `${head},\n"plan": ${plan},\n"faults": ${lines(faults)},\n"clients": ${lines(clients)}}}`;
}
