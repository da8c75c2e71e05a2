import { createGrpcKvClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { eventually, Writer } from '#shared/lab';
import { concurrencies, type Load, load, requests } from './load.ts';
import type { Members } from './members.ts';
import { cpuSeconds, residentMib } from './usage.ts';

/** One figure: what it is of, and what it came to. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly value: number;
}

const afterLoad = 'memory of three members after load';

/** Everything about three members, started fresh and stopped here. */
export async function measure(
  members: Members,
  options: { seconds: number; wanted: (what: string) => boolean },
): Promise<Figure[]> {
  const { seconds, wanted } = options;
  const figures: Figure[] = [];
  const say = (what: string, unit: string, value: number): void => {
    figures.push({ what, unit, value });
  };
  const began = performance.now();
  members.startAll();
  await firstWrite(members.endpoints);
  if (wanted('start')) say('start to first write', 'ms', performance.now() - began);
  if (wanted('memory')) {
    await pause(3000);
    say('memory of three idle members', 'MiB', residentMib(members.pids));
  }
  for (const request of requests) {
    for (const concurrency of concurrencies) {
      const inFlight = concurrency.connections * concurrency.streams;
      const what = `${request.name} × ${inFlight}`;
      if (!wanted(what)) continue;
      const endpoint = members.endpoints[await members.leader()] ?? '';
      const warmUp = concurrencies[1] ?? concurrency;
      await load(endpoint, request, warmUp, 1);
      const cpuBefore = cpuSeconds(members.pids);
      const result = await load(endpoint, request, concurrency, seconds);
      sayLoad(say, what, result, cpuSeconds(members.pids) - cpuBefore);
    }
  }
  if (wanted('memory')) say(afterLoad, 'MiB', residentMib(members.pids));
  if (wanted('outage')) say('writes out after kill -9 of the leader', 'ms', await outage(members));
  return figures;
}

function sayLoad(
  say: (what: string, unit: string, value: number) => void,
  what: string,
  result: Load,
  cpu: number,
): void {
  say(what, '/s', result.perSecond);
  say(`${what}, p50`, 'ms', result.p50Ms);
  say(`${what}, p99`, 'ms', result.p99Ms);
  // Of all three members; unlike a rate it hardly depends on what else the machine does.
  say(`${what}, processor time`, 'µs', (cpu / result.requests) * 1e6);
}

/** The longest gap between two acknowledged writes of one client that knows all members. */
async function outage(members: Members): Promise<number> {
  const victim = await members.leader();
  const writer = new Writer(
    createGrpcKvClient({ endpoints: [...members.endpoints], clock: systemClock }),
    'bench/outage/',
  );
  const { acknowledged } = writer.record;
  const more = (count: number): Promise<true> => {
    const goal = acknowledged.size + count;
    return eventually('writes', () => (acknowledged.size >= goal ? true : undefined));
  };
  await more(100);
  writer.resetGap();
  await members.kill(victim);
  await more(200);
  const { longestGapMs } = await writer.stop();
  members.start(victim);
  await members.leader();
  return longestGapMs;
}

async function firstWrite(endpoints: readonly string[]): Promise<void> {
  const kv = createGrpcKvClient({ endpoints, clock: systemClock });
  try {
    for (;;) {
      try {
        await kv.put({ key: 'bench/first', value: Buffer.from('1') });
        return;
      } catch {
        await pause(2);
      }
    }
  } finally {
    await kv.close();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
