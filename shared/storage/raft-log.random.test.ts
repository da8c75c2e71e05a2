import { expect, inject, test } from 'vitest';
import { createRng, type Rng } from '#shared/base';
import type { Entry, HardState } from '#shared/raft';
import { RaftLog } from './raft-log.ts';
import { SimDisk } from './sim-disk.ts';

const seed = inject('seed');
const folder = '/log';
/** Little is kept in memory: most of what is seen is read from the disk. */
const tail = { bytes: 600, committed: 3 };
const sizes = { firstSegmentBytes: 4 << 10, segmentBytes: 16 << 10, tail };

/** What a log must hold: that of the last write that was acknowledged, or of the one under way. */
interface Model {
  readonly hardState: HardState;
  readonly start: { readonly index: number; readonly term: number };
  readonly entries: readonly Entry[];
}

/** No byte with fewer than two bits: one flip must not make the last part of a write look unwritten. */
const randomData = (rng: Rng): Uint8Array =>
  Uint8Array.from({ length: 8 + rng.int(rng.int(8) === 0 ? 3000 : 200) }, () => 3 << rng.int(7));

class Host {
  readonly #rng: Rng;
  readonly disk: SimDisk;
  log!: RaftLog;
  sure: Model = {
    hardState: { term: 0, vote: 0, commit: 0 },
    start: { index: 0, term: 0 },
    entries: [],
  };
  maybe: Model | undefined;

  constructor(rng: Rng) {
    this.#rng = rng;
    this.disk = new SimDisk({ rng });
  }

  async open(): Promise<void> {
    this.log = await RaftLog.open(this.disk.attach(), folder, sizes);
    const seen = this.#seen();
    const expected = this.maybe && same(seen, this.maybe) ? this.maybe : this.sure;
    agree(seen, expected);
    this.sure = expected;
    this.maybe = undefined;
  }

  /** One operation, begun: resolves when it is acknowledged. */
  async step(): Promise<void> {
    const next = this.#next();
    this.maybe = next.model;
    await next.work();
    this.sure = next.model;
    this.maybe = undefined;
    agree(this.#seen(), this.sure);
  }

  #next(): { model: Model; work: () => Promise<unknown> } {
    const { hardState, start, entries } = this.sure;
    const last = start.index + entries.length;
    const kind = this.#rng.int(20);
    if (kind === 0 && hardState.commit > start.index) {
      const index = start.index + 1 + this.#rng.int(hardState.commit - start.index);
      const term = entries[index - start.index - 1]?.term ?? 0;
      const model = {
        hardState,
        start: { index, term },
        entries: entries.slice(index - start.index),
      };
      return { model, work: () => this.log.compact(index) };
    }
    if (kind === 1) {
      const index = hardState.commit + 1 + this.#rng.int(50);
      const state = { ...hardState, term: hardState.term + 1, commit: index };
      const from = { index, term: state.term };
      const model = { hardState: state, start: from, entries: [] };
      return { model, work: () => this.log.startFrom({ ...from, backend: 1 }, state) };
    }
    if (kind === 2) {
      const state = { ...hardState, term: hardState.term + 1, vote: this.#rng.int(3) };
      const model = { hardState: state, start, entries };
      return { model, work: () => this.log.write([{ hardState: state, entries: [] }]) };
    }
    return this.#append(last);
  }

  #append(last: number): { model: Model; work: () => Promise<unknown> } {
    const { hardState, start, entries } = this.sure;
    const cut = this.#rng.int(4) === 0 ? this.#rng.int(last - hardState.commit + 1) : 0;
    const kept = entries.slice(0, entries.length - cut);
    const first = last - cut + 1;
    const term = cut > 0 ? hardState.term + 1 : Math.max(1, hardState.term);
    const added = Array.from({ length: 1 + this.#rng.int(6) }, (_, i) => ({
      index: first + i,
      term,
      type: 'normal' as const,
      data: randomData(this.#rng),
    }));
    const all = [...kept, ...added];
    const commit = Math.max(
      hardState.commit,
      start.index,
      start.index + all.length - this.#rng.int(8),
    );
    const state = { term, vote: 1, commit };
    const model = { hardState: state, start, entries: all };
    return { model, work: () => this.log.write([{ hardState: state, entries: added }]) };
  }

  #seen(): unknown {
    const { log } = this;
    const first = log.compactedIndex() + 1;
    const entries = log.lastIndex() < first ? [] : log.entries(first, log.lastIndex() + 1, 1e9);
    const start = { index: first - 1, term: log.term(first - 1) ?? -1 };
    return view({ hardState: log.initialState().hardState, start, entries });
  }
}

const view = ({ hardState, start, entries }: Model): unknown => ({
  hardState,
  start,
  entries: entries.map(
    ({ index, term, data }) => `${index}/${term} ${Buffer.from(data).toString('hex')}`,
  ),
});
function agree(seen: unknown, model: Model): void {
  if (same(seen, model)) return;
  const text = [seen, view(model)].map((each) => JSON.stringify(each, undefined, 1).slice(0, 4000));
  throw new Error(`the log shows ${text.join('\nbut was told ')}`);
}
const same = (seen: unknown, model: Model): boolean =>
  JSON.stringify(seen) === JSON.stringify(view(model));

async function untilCrash(host: Host, rng: Rng): Promise<void> {
  const calm = rng.int(20);
  for (let i = 0; i < calm; i++) await host.step();
  host.disk.stall();
  const hopeless = host.step();
  hopeless.catch(() => undefined);
  // However far it gets.
  for (let i = rng.int(4); i > 0; i--) {
    await Promise.resolve();
    await Promise.resolve();
  }
}

test(`nothing acknowledged is lost in crashes, nothing appears (SEED=${seed})`, async () => {
  const rng = createRng(seed);
  const host = new Host(rng);
  for (let round = 0; round < 60; round++) {
    await host.open();
    await untilCrash(host, rng);
    if (rng.int(3) === 0) host.disk.kill();
    else host.disk.crash();
  }
});

test(`a failing disk loses nothing (SEED=${seed})`, async () => {
  const rng = createRng(seed);
  const host = new Host(rng);
  for (let round = 0; round < 40; round++) {
    await host.open();
    for (let i = rng.int(20); i > 0; i--) await host.step();
    host.disk.failNext(rng.int(2) === 0 ? 'EIO' : 'ENOSPC', (operation) => operation === 'write');
    // A file prepared ahead may take the failure: then the log goes on.
    await host.step().catch(() => undefined);
    host.disk.kill();
  }
});

test(`a flipped bit is noticed, or harmless (SEED=${seed})`, async () => {
  const rng = createRng(seed);
  for (let round = 0; round < 30; round++) {
    const host = new Host(rng);
    await host.open();
    for (let i = 1 + rng.int(40); i > 0; i--) await host.step();
    await host.log.close();
    const names = host.disk.list(folder);
    const path = `${folder}/${names[rng.int(names.length)] ?? ''}`;
    host.disk.flip(path, rng.int(host.disk.attach().size(path)), rng.int(8));
    const outcome = await host.open().catch(String);
    expect(outcome ?? 'harmless').toMatch(/^harmless$|the raft log is damaged.*\.seg at byte \d+/);
  }
});
