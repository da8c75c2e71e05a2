import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { eventually, lostWrites, startLab, Writer } from '#shared/lab';
import { median } from './table.ts';
import { residentMib } from './usage.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '5' },
    'all-kills': { type: 'string', default: '20' },
  },
});

const masters = ['master-1', 'master-2', 'master-3'];
const loadBefore = loadavg()[0] ?? 0;
const startedAt = performance.now();
const lab = await startLab();
const firstStartMs = performance.now() - startedAt;

function say(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(52)}${figure}\n`);
}

async function timed(work: () => Promise<unknown>): Promise<string> {
  const began = performance.now();
  await work();
  return `${Math.round(performance.now() - began)} ms`;
}

async function pids(): Promise<number[]> {
  const status = await lab.json<Record<'members' | 'workers', { pid: number }[]>>('status');
  return [...status.members, ...status.workers].map(({ pid }) => pid);
}

async function lost(writer: Writer, prefix: string): Promise<number> {
  const record = await writer.stop();
  const kv = lab.kv();
  const missing = await lostWrites(kv, prefix, record);
  await kv.close();
  return missing.length;
}

/** A writer that is under way. */
async function writing(prefix: string): Promise<Writer> {
  const writer = new Writer(lab.kv(), prefix);
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
    const victim = await lab.leader();
    writer.resetGap();
    await lab.kill(victim);
    await more(writer, 200);
    gaps.push(writer.record.longestGapMs);
    gone += await lost(writer, prefix);
    await lab.start(victim);
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
    await lab.kill(...masters);
    await lab.start(...masters);
    await more(writer, 10);
    acknowledged += writer.record.acknowledged.size;
    gone += await lost(writer, prefix);
  }
  say(
    `kill -9 of all masters, ${values['all-kills']} times`,
    `${acknowledged} acknowledged writes, ${gone} lost`,
  );
}

const memory = async (): Promise<string> => `${Math.round(residentMib(await pids()))} MiB`;

say('load of the machine before', loadBefore.toFixed(1));
try {
  say('quorate up, empty', `${Math.round(firstStartMs)} ms`);
  say('memory of five processes', await memory());
  await lab.quorateOk('down');
  say('quorate up again', await timed(() => lab.up()));
  await leaderKills();
  await allKills();
  say('memory of five processes afterwards', await memory());
} finally {
  await lab.destroy();
}
