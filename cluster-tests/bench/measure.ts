import { createGrpcKvClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { eventually, Writer } from '#shared/lab';
import { sizesUpTo } from './arguments.ts';
import { fill } from './fill.ts';
import { keepAlives } from './keep-alives.ts';
import {
  alone,
  concurrencies,
  hundred,
  list,
  listed,
  type Load,
  load,
  loadMixed,
  put,
  requests,
  ten,
} from './load.ts';
import type { Members } from './members.ts';
import { cpuSeconds, residentMib } from './usage.ts';
import { Watchers } from './watchers.ts';

/** One figure: what it is of, and what it came to. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly value: number;
}

export interface MeasureOptions {
  /** Of each load. */
  readonly seconds: number;
  /** Of puts before the loads. */
  readonly warmUpSeconds: number;
  /** How many keys the store is filled with in the end. */
  readonly keys: number;
  readonly wanted: (what: string) => boolean;
}

type Say = (what: string, unit: string, value: number) => void;

/** Everything about three members, started fresh and stopped here. */
export async function measure(members: Members, options: MeasureOptions): Promise<Figure[]> {
  const { wanted } = options;
  const figures: Figure[] = [];
  const say: Say = (what, unit, value) => {
    figures.push({ what, unit, value });
  };
  const began = performance.now();
  await members.startAll();
  await firstWrite(members.endpoints);
  if (wanted('start')) say('start to first write', 'ms', performance.now() - began);
  if (wanted('memory')) {
    await pause(3000);
    say('memory of three idle members', 'MiB', residentMib(members.pids));
  }
  for (const count of watcherCounts) {
    if (wanted(`watch × ${count}`)) await watching(members, count, say);
  }
  await loads(members, options, say);
  if (wanted('memory')) {
    say('memory of three members after load', 'MiB', residentMib(members.pids));
  }
  if (wanted('outage')) say('writes out after kill -9 of the leader', 'ms', await outage(members));
  if (wanted('keys')) await growing(members, options, say);
  return figures;
}

const watcherCounts = [1000, 10_000];
const watchedPuts = 10;

async function watching(members: Members, count: number, say: Say): Promise<void> {
  const endpoint = members.endpoints[await members.leader()] ?? '';
  const kv = createGrpcKvClient({ endpoints: [endpoint], clock: systemClock });
  const watchers = new Watchers(count);
  try {
    await watchers.open(endpoint);
    await pause(1000);
    say(`memory with ${count} idle watchers`, 'MiB', residentMib(members.pids));
    const value = Buffer.alloc(256, 'v');
    const put = (key: string): Promise<unknown> => kv.put({ key, value });
    await watchers.deliver(2, put);
    const { p50Ms, p99Ms, perSecond } = await watchers.deliver(watchedPuts, put);
    say(`watch × ${count}, events`, '/s', perSecond);
    say(`watch × ${count}, event after put, p50`, 'ms', p50Ms);
    say(`watch × ${count}, event after put, p99`, 'ms', p99Ms);
  } finally {
    watchers.close();
    await kv.close();
  }
}

async function loads(members: Members, options: MeasureOptions, say: Say): Promise<void> {
  const { seconds, wanted } = options;
  if (wanted(fresh)) {
    await measured(members, fresh, say, (endpoint) => load(endpoint, put, alone, seconds));
  }
  const all = requests.flatMap((request) =>
    concurrencies.map((concurrency) => {
      const what = `${request.name} × ${concurrency.connections * concurrency.streams}`;
      return { what, request, concurrency };
    }),
  );
  const names = [...all.map(({ what }) => what), lists, mixed, renewals];
  if (!names.some(wanted)) return;
  await warmUp(members, options);
  for (const { what, request, concurrency } of all.filter((each) => wanted(each.what))) {
    await measured(members, what, say, (endpoint) => load(endpoint, request, concurrency, seconds));
  }
  if (wanted(lists)) {
    await fill(members.endpoints[0] ?? '', listed);
    await measured(members, lists, say, (endpoint) => load(endpoint, list, ten, seconds));
  }
  if (wanted(mixed)) {
    await measured(members, mixed, say, (endpoint) => loadMixed(endpoint, seconds));
  }
  if (wanted(renewals)) {
    const lease = await grant(members.endpoints);
    await measured(members, renewals, say, (endpoint) => keepAlives(endpoint, lease, 100, seconds));
  }
}

/** Members run for months: what their first seconds cost, while code is compiled, stands in a row of its own. */
async function warmUp(members: Members, { warmUpSeconds }: MeasureOptions): Promise<void> {
  const endpoint = members.endpoints[await members.leader()] ?? '';
  // Whole ones: h2load takes no parts of a second.
  const seconds = Math.ceil(warmUpSeconds / concurrencies.length);
  for (const concurrency of concurrencies) await load(endpoint, put, concurrency, seconds);
}

const fresh = 'put × 1 before the warm-up';
const lists = 'range of 1 MB × 10';
const mixed = 'mixed (put and range, half and half) × 100';
const renewals = 'lease keep-alive × 100';

async function grant(endpoints: readonly string[]): Promise<bigint> {
  const kv = createGrpcKvClient({ endpoints, clock: systemClock });
  try {
    return (await kv.leaseGrant({ ttlSeconds: 600 })).id;
  } finally {
    await kv.close();
  }
}

/** On the leader, warmed up by a second of puts. */
async function measured(
  members: Members,
  what: string,
  say: Say,
  run: (endpoint: string) => Promise<Load>,
): Promise<void> {
  const endpoint = members.endpoints[await members.leader()] ?? '';
  await load(endpoint, put, hundred, 1);
  const cpuBefore = cpuSeconds(members.pids);
  const result = await run(endpoint);
  sayLoad(say, what, result, cpuSeconds(members.pids) - cpuBefore);
}

/** How puts, and a start after `kill -9` of all, take with more and more keys. */
async function growing(members: Members, options: MeasureOptions, say: Say): Promise<void> {
  const { seconds, keys } = options;
  let filled = 0;
  for (const count of sizesUpTo(keys)) {
    const endpoint = members.endpoints[await members.leader()] ?? '';
    const began = performance.now();
    await fill(endpoint, { prefix: 'bench/filled/', valueBytes: 256, from: filled, to: count });
    const took = performance.now() - began;
    say(`keys to ${count}: filling, 100 a txn`, '/s', ((count - filled) / took) * 1000);
    filled = count;
    const { p50Ms, p99Ms } = await load(endpoint, put, alone, seconds);
    say(`keys ${count}: put × 1, p50`, 'ms', p50Ms);
    say(`keys ${count}: put × 1, p99`, 'ms', p99Ms);
  }
  say(`keys ${filled}: memory of three members`, 'MiB', residentMib(members.pids));
  await members.restart();
  const began = performance.now();
  await firstWrite(members.endpoints);
  say(`keys ${filled}: kill -9 of all, start to first write`, 'ms', performance.now() - began);
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
