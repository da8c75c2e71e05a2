import { loadavg } from 'node:os';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { eventually, Lab } from '../lab/lab.ts';
import { lostWrites, Writer } from '../lab/writer.ts';
import { median } from './table.ts';
import { residentMib } from './usage.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '5' },
    'all-kills': { type: 'string', default: '20' },
  },
});

const masters = ['master-1', 'master-2', 'master-3'];
const parts = [...masters, 'worker-1', 'worker-2'];
const lab = new Lab(9);

function say(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(52)}${figure}\n`);
}

async function timed(work: () => Promise<unknown>): Promise<string> {
  const began = performance.now();
  await work();
  return `${Math.round(performance.now() - began)} ms`;
}

const pids = (): number[] =>
  parts.map((part) => Number.parseInt(readFileSync(join(lab.dataDir, part, 'pid'), 'utf8'), 10));

const leader = (): Promise<string> =>
  eventually('a leader', async () => {
    const { members } = await lab.json<{ members: { name: string; role: string }[] }>('status');
    return members.find((member) => member.role === 'leader')?.name;
  });

async function lost(writer: Writer, prefix: string): Promise<number> {
  return (await lostWrites(lab.endpoints(), prefix, await writer.stop())).length;
}

/** A writer that is under way. */
async function writing(prefix: string): Promise<Writer> {
  const writer = new Writer(lab.endpoints(), prefix);
  await more(writer, 100);
  return writer;
}

function more(writer: Writer, count: number): Promise<true> {
  const { acknowledged } = writer.record;
  const goal = acknowledged.size + count;
  return eventually('writes', () => (acknowledged.size >= goal ? true : undefined));
}

async function leaderKills(): Promise<void> {
  const gaps: number[] = [];
  let gone = 0;
  for (let round = 0; round < Number(values.kills); round++) {
    const prefix = `/bench/leader/${round}/`;
    const writer = await writing(prefix);
    const victim = await leader();
    writer.resetGap();
    await lab.quorateOk('kill', victim);
    await more(writer, 200);
    gaps.push(writer.record.longestGapMs);
    gone += await lost(writer, prefix);
    await lab.quorateOk('start', victim);
  }
  const each = gaps.map((gap) => Math.round(gap)).join(', ');
  say(
    'kill -9 of the leader: writes out',
    `${Math.round(median(gaps))} ms (${each}); ${gone} lost`,
  );
}

async function allKills(): Promise<void> {
  let acknowledged = 0;
  let gone = 0;
  for (let round = 0; round < Number(values['all-kills']); round++) {
    const prefix = `/bench/all/${round}/`;
    const writer = await writing(prefix);
    await lab.quorateOk('kill', ...masters);
    await lab.quorateOk('start', ...masters);
    await more(writer, 10);
    acknowledged += writer.record.acknowledged.size;
    gone += await lost(writer, prefix);
  }
  say(
    `kill -9 of all masters, ${values['all-kills']} times`,
    `${acknowledged} acknowledged writes, ${gone} lost`,
  );
}

say('load of the machine before', (loadavg()[0] ?? 0).toFixed(1));
try {
  say('quorate up, empty', await timed(() => lab.up()));
  say('memory of five processes', `${Math.round(residentMib(pids()))} MiB`);
  await lab.quorateOk('down');
  say('quorate up again', await timed(() => lab.up()));
  await leaderKills();
  await allKills();
  say('memory of five processes afterwards', `${Math.round(residentMib(pids()))} MiB`);
} finally {
  await lab.destroy();
}
