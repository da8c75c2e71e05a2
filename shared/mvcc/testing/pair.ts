/* oxlint-disable vitest/no-standalone-expect -- what several tests check */
import fc from 'fast-check';
import { expect } from 'vitest';
import { checkTxn } from '../checks.ts';
import { Mvcc } from '../mvcc.ts';
import type { Event, RequestOp, TxnRequest, WatchRequest } from '../types.ts';
import { WatchHub } from '../watch-hub.ts';
import { deleteRange, keyRange, lease, put, range, txn } from './arbitraries.ts';
import { MemoryBackend } from './memory-backend.ts';
import { inRange, Model } from './model.ts';

export type Step =
  | { readonly type: 'txn'; readonly txn: TxnRequest }
  | { readonly type: 'compact'; readonly back: number }
  | { readonly type: 'compactStep' }
  | { readonly type: 'grant' | 'revoke'; readonly id: bigint }
  | { readonly type: 'restore' }
  | { readonly type: 'watch'; readonly request: WatchRequest }
  | { readonly type: 'syncSlice'; readonly events: number };

const single = (op: fc.Arbitrary<RequestOp>): fc.Arbitrary<Step> =>
  op.map((op) => ({ type: 'txn', txn: { compare: [], success: [op], failure: [] } }));

const watch: fc.Arbitrary<WatchRequest> = fc
  .tuple(
    keyRange,
    fc.record({
      startRevision: fc.integer({ min: 0, max: 25 }),
      prevKv: fc.boolean(),
      filters: fc.subarray(['no-put', 'no-delete'] as const),
    }),
  )
  .map(([range, rest]) => ({ ...range, ...rest }));

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: single(put.map((put) => ({ type: 'put', put }))) },
  {
    weight: 3,
    arbitrary: single(deleteRange.map((r) => ({ type: 'deleteRange', deleteRange: r }))),
  },
  { weight: 3, arbitrary: single(range.map((range) => ({ type: 'range', range }))) },
  { weight: 5, arbitrary: txn.map((txn) => ({ type: 'txn' as const, txn })) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), back: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.constant({ type: 'compactStep' as const }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('grant' as const), id: lease }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('revoke' as const), id: lease }) },
  { weight: 1, arbitrary: fc.constant({ type: 'restore' as const }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('watch' as const), request: watch }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('syncSlice' as const),
      events: fc.integer({ min: 1, max: 5 }),
    }),
  },
);

interface Watching {
  readonly request: WatchRequest;
  readonly start: number;
  readonly got: Event[];
  compacted: number | undefined;
}

/** A store, the model it must agree with, and watchers that write down what they get. */
export class Pair {
  readonly backend = new MemoryBackend();
  // Small enough that most reads go to the backend.
  mvcc = new Mvcc(this.backend, { cacheBytes: 600 });
  readonly hub = new WatchHub(this.mvcc);
  readonly model = new Model();
  readonly watching: Watching[] = [];

  run(step: Step): void {
    switch (step.type) {
      case 'txn':
        return this.#txn(step.txn);
      case 'compact': {
        const revision = this.mvcc.revision - step.back;
        return this.#both(
          () => this.mvcc.compact(revision),
          () => this.model.compact(revision),
        );
      }
      case 'compactStep':
        this.mvcc.compactionSteps(2).next();
        return undefined;
      case 'grant':
        return this.#both(
          () => this.mvcc.leaseGrant(step.id, 60),
          () => this.model.grant(step.id),
        );
      case 'revoke':
        return this.#both(
          () => this.#notify(this.mvcc.leaseRevoke(step.id)),
          () => this.model.revoke(step.id),
        );
      case 'restore':
        return this.#restore();
      case 'watch':
        return this.#watch(step.request);
      case 'syncSlice':
        this.hub.syncSlice(step.events);
        return undefined;
      default:
        return step satisfies never;
    }
  }

  #notify(applied: { readonly revision: number; readonly events: readonly Event[] }): void {
    this.hub.notify(applied.revision, applied.events);
  }

  #txn(request: TxnRequest): void {
    try {
      checkTxn(request, { maxTxnOps: 128 });
    } catch {
      return;
    }
    let real: unknown;
    let wanted: unknown;
    this.#both(
      () => {
        const applied = this.mvcc.txn(request);
        real = applied.result;
        this.#notify(applied);
      },
      () => {
        wanted = this.model.txn(request);
      },
    );
    expect(real).toEqual(wanted);
  }

  /** Both do it or both refuse it. */
  #both(real: () => void, wanted: () => void): void {
    const refused = [real, wanted].map((fn) => {
      try {
        fn();
        return false;
      } catch (thrown) {
        // What expect throws is no refusal.
        if ((thrown as Error).name === 'AssertionError') throw thrown;
        return true;
      }
    });
    expect(refused[0]).toBe(refused[1]);
    expect(this.mvcc.revision).toBe(this.model.revision);
  }

  #restore(): void {
    const hash = this.mvcc.hash();
    const leases = this.mvcc.leases.ids().map((id) => this.mvcc.leases.info(id));
    this.mvcc = new Mvcc(this.backend, { cacheBytes: 600 });
    this.mvcc.restore();
    expect(this.mvcc.hash()).toBe(hash);
    expect(this.mvcc.leases.ids().map((id) => this.mvcc.leases.info(id))).toEqual(leases);
    this.hub.reset(this.mvcc);
  }

  #watch(request: WatchRequest): void {
    const start = request.startRevision || this.mvcc.revision + 1;
    const watching: Watching = { request, start, got: [], compacted: undefined };
    let refusals = 0;
    const watcher = this.hub.add(request, {
      events: (events) => {
        // Every third delivery is refused once, and taken after a resume.
        if (++refusals % 3 === 0) {
          this.resumable.push(() => this.hub.resume(watcher));
          return false;
        }
        watching.got.push(...events);
        return true;
      },
      compacted: (revision) => {
        watching.compacted = revision;
      },
    });
    this.watching.push(watching);
  }

  readonly resumable: (() => void)[] = [];

  check(): void {
    const { mvcc, model } = this;
    for (let revision = Math.max(1, mvcc.compactRevision); revision <= mvcc.revision; revision++) {
      const all = { key: '\0', rangeEnd: '\0', revision };
      expect(mvcc.range(all)).toEqual(model.range(all));
    }
    for (const id of mvcc.leases.ids()) {
      const attached = [...(model.states.at(-1)?.values() ?? [])].filter((kv) => kv.lease === id);
      expect(mvcc.leases.info(id)?.keys).toEqual(attached.map((kv) => kv.key).sort());
    }
    for (let rounds = 0; rounds < 1000; rounds++) {
      for (const resume of this.resumable.splice(0)) resume();
      if (!this.hub.syncSlice(3) && this.resumable.length === 0) break;
    }
    for (const watching of this.watching) this.#checkWatch(watching);
    const hash = mvcc.hash();
    // Digests do not depend on how far deleting has come.
    for (const _ of mvcc.compactionSteps(3));
    expect(mvcc.hash()).toBe(hash);
    expect(mvcc.compactionPending).toBe(false);
  }

  #checkWatch({ request, start, got, compacted }: Watching): void {
    const wanted = this.model.events
      .slice(start)
      .flat()
      .filter((event) => {
        if (request.filters?.includes(event.type === 'put' ? 'no-put' : 'no-delete')) return false;
        return inRange(event.kv.key, request);
      });
    const plain = (events: readonly Event[]) => events.map(({ type, kv }) => ({ type, kv }));
    if (compacted === undefined) expect(plain(got)).toEqual(plain(wanted));
    else expect(plain(got)).toEqual(plain(wanted.slice(0, got.length)));
    for (const [i, event] of got.entries()) {
      if (request.prevKv !== true) expect(event.prevKv).toBeUndefined();
      else if (event.prevKv !== undefined) expect(event.prevKv).toEqual(wanted[i]?.prevKv);
      else if (event.kv.modRevision > this.mvcc.compactRevision) {
        expect(wanted[i]?.prevKv).toBeUndefined();
      }
    }
  }
}
