import { randomInt } from 'node:crypto';
import { QuorateError } from '#shared/base';
import { parseArguments, usage } from './arguments.ts';

/** `quorate simulate`, see arguments.ts. A mutant must be in place before what it changes is loaded. */
async function main(): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const args = parseArguments(process.argv.slice(2), process.env);
  if (args.help) {
    say(usage.trimEnd());
    return 0;
  }
  const { mutants, plant } = await import('./mutants/plant.ts');
  if (args.mutant === 'list') {
    for (const { name, story } of mutants) say(`${name.padEnd(36)} ${story}`);
    return 0;
  }
  if (args.mutant !== undefined) plant(args.mutant);
  const { run } = await import('./run.ts');
  let shownMs = 0;
  return run(args, randomInt(2 ** 30), {
    say,
    progress(line) {
      if (!process.stderr.isTTY) return;
      const now = performance.now();
      if (line !== '' && now - shownMs < 200) return;
      shownMs = now;
      process.stderr.write(`\r\x1b[K${line}`);
    },
  });
}

try {
  process.exitCode = await main();
} catch (thrown) {
  const wrongUsage = QuorateError.is(thrown, 'bad-request');
  const text =
    thrown instanceof Error ? (wrongUsage ? thrown.message : thrown.stack) : String(thrown);
  process.stderr.write(`error: ${text}\n`);
  process.exitCode = wrongUsage ? 2 : 3;
}
