import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { checkLinearizable, checkWatches, timeline } from '#shared/checks';
import type { Lab, Load } from '#shared/lab';
import { encodeHistory, type RecordedHistory } from '#shared/workload';

const results = join(import.meta.dirname, '../../test-results/faults');

/**
 * One story of a broken cluster: `run` breaks it under load and says how long writes were away. Then
 * everything is healed, and what all clients were told must be linearizable, with every watch
 * guarantee kept. Prints one line; what a failure leaves is in test-results/faults.
 */
export async function scenario(
  lab: Lab,
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

function keep(lab: Lab, name: string, history: RecordedHistory): void {
  const to = folder(name);
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, 'history.jsonl'), encodeHistory(history));
  const { violation } = checkLinearizable(history);
  const options = { title: name, window: violation?.window ?? [], reason: violation?.reason };
  writeFileSync(
    join(to, 'timeline.html'),
    timeline(history.operations, { ...options, remarks: history.remarks }),
  );
  for (const { name: part } of lab.parts) {
    const log = join(lab.dataDir, part, 'log');
    if (existsSync(log)) cpSync(log, join(to, `${part}.log`));
  }
  process.stdout.write(`what ${name} left: ${to}\n`);
}
