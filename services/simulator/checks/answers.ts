import { assertNever } from '#shared/base';
import { BrokenPromise, type KnownKv, type Operation, type RangeCall } from '#shared/checks';
import { textOf } from '../clients/recorder.ts';
import type { Past } from './past.ts';
import type { StateLog } from './state-log.ts';

/**
 * Durable acknowledgement and freshness, judged by the replicated log itself: what was acknowledged
 * is there, once, at the revision that was told; what was refused is not; and an answer is never
 * older than one that somebody had before it was asked for.
 */
export class AnswerCheck {
  readonly #log: StateLog;
  readonly #past: Past;
  /** Values are unique: each says which request it came with. */
  readonly #written = new Map<string, number[]>();

  constructor(log: StateLog, past: Past) {
    this.#log = log;
    this.#past = past;
    for (const { revision, events } of log.entries) {
      for (const { type, kv } of events) {
        const value = type === 'put' ? textOf(kv.value) : undefined;
        if (value === undefined) continue;
        const written = this.#written.get(value);
        if (written) written.push(revision);
        else this.#written.set(value, [revision]);
      }
    }
  }

  run(operations: readonly Operation[]): void {
    for (const operation of operations) {
      if (operation.outcome === 'ok') this.#acknowledged(operation);
      for (const value of valuesOf(operation)) this.#once(operation, value);
    }
    this.#fresh(operations);
  }

  /** No answer is older than what anybody was told before it was asked for. */
  #fresh(operations: readonly Operation[]): void {
    const returned = operations
      .filter((op) => op.outcome === 'ok' && op.answer?.revision !== undefined)
      .sort((a, b) => (a.returnedMs ?? 0) - (b.returnedMs ?? 0));
    const asked = returned
      .filter(({ call }) => call.type !== 'range' || !call.serializable)
      .sort((a, b) => a.invokedMs - b.invokedMs);
    let next = 0;
    let floor = 0;
    for (const operation of asked) {
      for (; next < returned.length; next++) {
        const before = returned[next];
        if (!before || (before.returnedMs ?? 0) >= operation.invokedMs) break;
        floor = Math.max(floor, before.answer?.revision ?? 0);
      }
      if ((operation.answer?.revision ?? 0) >= floor) continue;
      throw wrong(
        operation,
        `answers from revision ${operation.answer?.revision}, though ${floor} had been told before`,
      );
    }
  }

  #acknowledged(operation: Operation): void {
    const { call, answer } = operation;
    const revision = answer?.revision ?? 0;
    switch (call.type) {
      case 'put':
        this.#has(operation, revision, call.key, call.value);
        if (call.prevKv) this.#had(operation, revision, call.key, answer?.prevKv);
        return;
      case 'txn': {
        const branch = answer?.succeeded ? call.success : call.failure;
        for (const op of branch) {
          if (op.type === 'put') this.#has(operation, revision, op.key, op.value);
        }
        return;
      }
      case 'delete': {
        const events = this.#log.revised(revision)?.events ?? [];
        const deleted = events.filter(({ type }) => type === 'delete').length;
        if ((answer?.deleted ?? 0) === 0 || deleted === answer?.deleted) return;
        throw wrong(
          operation,
          `deleted ${answer?.deleted} keys, but revision ${revision} has ${deleted}`,
        );
      }
      case 'range':
        this.#saw(operation, call, call.revision || revision);
        return;
      case 'lease-grant':
      case 'lease-revoke':
      case 'compact':
        return;
      default:
        assertNever(call, 'call');
    }
  }

  #has(operation: Operation, revision: number, key: string, value: string): void {
    const entry = this.#log.revised(revision);
    const found = entry?.events.find(({ kv }) => kv.key === key);
    if (found && Buffer.from(found.kv.value).toString('latin1') === value) return;
    throw wrong(operation, `was acknowledged at revision ${revision}, where it is not`);
  }

  /** What a put said that it replaced. */
  #had(operation: Operation, revision: number, key: string, told: KnownKv | undefined): void {
    const kv = this.#past.keyAt(key, revision - 1);
    if (told === undefined ? kv === undefined : same(told, kv)) return;
    throw wrong(operation, `says it replaced ${JSON.stringify(told)}, not ${JSON.stringify(kv)}`);
  }

  #saw(operation: Operation, call: RangeCall, revision: number): void {
    const { kvs = [], count, more } = operation.answer ?? {};
    const there = this.#past
      .rangeAt(call.key, call.rangeEnd, revision)
      .map((kv) => (call.keysOnly ? { ...kv, value: '' } : kv));
    const expected = call.countOnly ? [] : there.slice(0, call.limit || there.length);
    const all = kvs.length === expected.length && kvs.every((kv, i) => same(kv, expected[i]));
    const left = !call.countOnly && there.length > expected.length;
    if (all && (count ?? there.length) === there.length && (more ?? left) === left) return;
    const [saw, was] = [JSON.stringify(operation.answer), JSON.stringify(expected)];
    throw wrong(
      operation,
      `saw ${saw} at revision ${revision}, which was ${was} of ${there.length}`,
    );
  }

  #once(operation: Operation, value: string): void {
    const revisions = this.#written.get(value) ?? [];
    if (revisions.length > 1)
      throw wrong(operation, `took effect at revisions ${revisions.join(', ')}`);
    if (operation.outcome !== 'failed' || revisions.length === 0) return;
    throw wrong(operation, `was refused (${operation.error}), but took effect at ${revisions[0]}`);
  }
}

function same(a: KnownKv, b: KnownKv | undefined): boolean {
  return (
    a.key === b?.key &&
    a.value === b.value &&
    a.mod === b.mod &&
    a.create === b.create &&
    a.version === b.version &&
    a.lease === b.lease
  );
}

function valuesOf({ call }: Operation): string[] {
  if (call.type === 'put') return [call.value];
  if (call.type !== 'txn') return [];
  return [...call.success, ...call.failure].flatMap((op) => (op.type === 'put' ? [op.value] : []));
}

function wrong(operation: Operation, what: string): BrokenPromise {
  const { client, call, invokedMs, endpoint } = operation;
  return new BrokenPromise(
    `client ${client} at ${endpoint}, ${Math.round(invokedMs)} ms: ${JSON.stringify(call)} ${what}`,
  );
}
