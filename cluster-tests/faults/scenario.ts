import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { checkLinearizable, checkWatches, timeline } from '#shared/checks';
import type { Lab, Load } from '#shared/lab';
import { encodeHistory, type RecordedHistory } from '#shared/workload';

const results = join(import.meta.dirname, '../../test-results/faults');

/** A lab, or something else that load can be put on. */
export type Breakable = Pick<Lab, 'load' | 'heal' | 'log'> & {
  readonly parts: readonly { readonly name: string }[];
};

/**
 * One story of a broken cluster: `run` breaks it under load and says how long writes were away. Then
 * everything is healed, and what all clients were told must be linearizable, with every watch
 * guarantee kept. Prints one line; what a failure leaves is in test-results/faults.
 */
export async function scenario(
  lab: Breakable,
  name: string,
  run: (load: Load) => Promise<number | undefined>,
): Promise<void> {
  const load = await lab.load();
  let history: RecordedHistory | undefined;
  try {
    const recoveryMs = await run(load);
    await lab.heal();
    await load.recovery();
    history = await load.stop();
    expect(checkLinearizable(history)).toMatchObject({ outcome: 'linearizable' });
    expect(checkWatches(history)).toMatchObject({ outcome: 'kept' });
    report(name, history, recoveryMs);
    rmSync(folder(name), { recursive: true, force: true });
    // For somebody else's checker: see docs/checking.md.
    if (process.env['KEEP_HISTORIES']) keepHistory(name, history);
  } catch (thrown) {
    await lab.heal();
    keep(lab, name, history ?? (await load.stop()));
    throw thrown;
  }
}

const folder = (name: string): string => join(results, name.replaceAll(/\W+/g, '-'));

function report(
  name: string,
  { operations, watches }: RecordedHistory,
  ms: number | undefined,
): void {
  const unknown = operations.filter(({ outcome }) => outcome === 'unknown').length;
  const away = ms === undefined ? '' : `writes again after ${Math.round(ms)} ms, `;
  process.stdout.write(
    `${name}: ${away}${operations.length} operations (${unknown} unknown), ${watches.length} watches: linearizable\n`,
  );
}

function keepHistory(name: string, history: RecordedHistory): string {
  const to = folder(name);
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, 'history.jsonl'), encodeHistory(history));
  return to;
}

function keep(lab: Breakable, name: string, history: RecordedHistory): void {
  const to = keepHistory(name, history);
  const { violation } = checkLinearizable(history);
  const options = { title: name, window: violation?.window ?? [], reason: violation?.reason };
  writeFileSync(
    join(to, 'timeline.html'),
    timeline(history.operations, { ...options, remarks: history.remarks }),
  );
  for (const { name: part } of lab.parts) {
    writeFileSync(join(to, `${part}.log`), lab.log(part));
  }
  process.stdout.write(`what ${name} left: ${to}\n`);
}
