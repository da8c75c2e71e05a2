import { assertNever } from '#shared/base';
import type {
  Answer,
  Call,
  Condition,
  DeleteCall,
  KnownKv,
  PutCall,
  RangeCall,
  TxnCall,
} from '../history.ts';
import { inRange } from '../history.ts';

/**
 * One state of a key. An `undefined` revision is that of a write whose revision nobody mentioned: it
 * is none of the numbers in the history.
 */
interface Version {
  readonly value: string;
  readonly create: number | undefined;
  readonly mod: number | undefined;
  /** 0: deleted. */
  readonly version: number;
  readonly lease: string;
}

const absent: Version = { value: '', create: 0, mod: 0, version: 0, lease: '0' };

type Undo =
  | { readonly type: 'key'; readonly key: string }
  | { readonly type: 'revision'; readonly revision: number }
  | { readonly type: 'lease'; readonly lease: string };

/** What a call did to the state. */
export interface Effect {
  readonly answer: Answer;
  /** Whether it made a revision. */
  readonly wrote: boolean;
}

/** Thrown where a call cannot have been carried out in this state, whatever it was told. */
export class Impossible extends Error {}

/**
 * etcd's contract in the fewest words that can judge a history: keys with versions, revisions, and
 * leases that delete. It is written apart from the store on purpose: a checker that shares code
 * with what it checks shares its bugs. Every change can be undone.
 */
export class Model {
  /** The last revision that is known; with `exact`, the store's. */
  #revision: number;
  readonly #keys = new Map<string, Version[]>();
  readonly #deadLeases = new Set<string>();
  readonly #trail: Undo[] = [];
  #hashA = 0;
  #hashB = 0;

  readonly #pastMatters: boolean;

  /** `pastMatters`: some read asks for an old revision, so that states differ by their past too. */
  constructor(revision: number, pastMatters: boolean) {
    this.#revision = revision;
    this.#pastMatters = pastMatters;
  }

  get revision(): number {
    return this.#revision;
  }

  /** A place to come back to. */
  mark(): number {
    return this.#trail.length;
  }

  undo(mark: number): void {
    while (this.#trail.length > mark) {
      const entry = this.#trail.pop();
      if (entry?.type === 'revision') this.#revision = entry.revision;
      else if (entry?.type === 'lease') this.#deadLeases.delete(entry.lease);
      else if (entry) this.#forgetLast(entry.key);
    }
  }

  /** Equal for equal states; unequal ones collide once in 2^64. */
  fingerprint(): string {
    return `${this.#hashA}.${this.#hashB}.${this.#revision}.${[...this.#deadLeases].sort().join()}`;
  }

  raiseRevision(revision: number): void {
    if (revision <= this.#revision) return;
    this.#trail.push({ type: 'revision', revision: this.#revision });
    this.#revision = revision;
  }

  /** Carries the call out; `at` is the revision it makes if it writes, undefined where nobody knows. */
  apply(call: Call, at: number | undefined): Effect {
    switch (call.type) {
      case 'range':
        return { answer: this.#range(call), wrote: false };
      case 'put':
        return { answer: this.#put(call, at), wrote: true };
      case 'delete': {
        const answer = this.#delete(call, at);
        return { answer, wrote: (answer.deleted ?? 0) > 0 };
      }
      case 'txn':
        return this.#txn(call, at);
      case 'lease-revoke':
        return this.#endLease(call.lease, at);
      case 'lease-grant':
      case 'compact':
        return { answer: {}, wrote: false };
      default:
        return assertNever(call);
    }
  }

  /** Which way the transaction goes; undefined where that hangs on a revision nobody was told. */
  decide(call: TxnCall): boolean | undefined {
    let open = false;
    for (const condition of call.compare) {
      const holds = this.#holds(condition);
      if (holds === false) return false;
      if (holds === undefined) open = true;
    }
    return open ? undefined : true;
  }

  /** As `apply` of a transaction that goes the way that is given. */
  applyBranch(call: TxnCall, succeeded: boolean, at: number | undefined): Effect {
    let wrote = false;
    const answers = (succeeded ? call.success : call.failure).map((op) => {
      const effect = this.apply(op, at);
      wrote ||= effect.wrote;
      return effect.answer;
    });
    return { answer: { succeeded, answers }, wrote };
  }

  #txn(call: TxnCall, at: number | undefined): Effect {
    const way = this.decide(call);
    if (way === undefined) throw new Impossible('the way of a transaction is open');
    return this.applyBranch(call, way, at);
  }

  #range(call: RangeCall): Answer {
    const at = call.revision || undefined;
    const kvs: KnownKv[] = [];
    for (const key of this.#matching(call.key, call.rangeEnd)) {
      const version = at === undefined ? this.#current(key) : this.#versionAt(key, at);
      if (version.version > 0) kvs.push(toKv(key, version, call.keysOnly === true));
    }
    const limit = call.limit || kvs.length;
    return {
      kvs: call.countOnly ? [] : kvs.slice(0, limit),
      count: kvs.length,
      ...(call.countOnly ? {} : { more: kvs.length > limit }),
    };
  }

  #put(call: PutCall, at: number | undefined): Answer {
    const before = this.#current(call.key);
    const lease = call.lease ?? '0';
    if (lease !== '0' && this.#deadLeases.has(lease))
      throw new Impossible(`lease ${lease} is gone`);
    const create = before.version === 0 ? at : before.create;
    this.#push(call.key, {
      value: call.value,
      create,
      mod: at,
      version: before.version + 1,
      lease,
    });
    const told = call.prevKv && before.version > 0;
    return told ? { prevKv: toKv(call.key, before, false) } : {};
  }

  #delete(call: DeleteCall, at: number | undefined): Answer {
    const prevKvs: KnownKv[] = [];
    for (const key of this.#matching(call.key, call.rangeEnd)) {
      const before = this.#current(key);
      if (before.version === 0) continue;
      prevKvs.push(toKv(key, before, false));
      this.#push(key, { ...absent, mod: at, create: 0 });
    }
    return { deleted: prevKvs.length, ...(call.prevKv ? { prevKvs } : {}) };
  }

  #endLease(lease: string, at: number | undefined): Effect {
    if (!this.#deadLeases.has(lease)) {
      this.#deadLeases.add(lease);
      this.#trail.push({ type: 'lease', lease });
    }
    let wrote = false;
    for (const [key] of this.#keys) {
      const before = this.#current(key);
      if (before.version === 0 || before.lease !== lease) continue;
      this.#push(key, { ...absent, mod: at });
      wrote = true;
    }
    return { answer: {}, wrote };
  }

  #holds({ key, target, result, operand }: Condition): boolean | undefined {
    const current = this.#current(key);
    // etcd: the value of a key that does not exist equals nothing, and differs from nothing too.
    if (target === 'value' && current.version === 0) return false;
    const shown = current.version === 0 ? absent : current;
    const actual = target === 'lease' ? BigInt(shown.lease) : shown[target];
    if (actual === undefined) {
      if (result === 'equal') return false;
      if (result === 'not-equal') return true;
      // It is some number from 1 on.
      return Number(operand) < 1 ? result === 'greater' : undefined;
    }
    const expected = target === 'lease' ? BigInt(operand) : operand;
    switch (result) {
      case 'equal':
        return actual === expected;
      case 'not-equal':
        return actual !== expected;
      case 'greater':
        return actual > expected;
      case 'less':
        return actual < expected;
      default:
        return assertNever(result);
    }
  }

  #matching(key: string, rangeEnd: string | undefined): string[] {
    if (rangeEnd === undefined) return [key];
    return [...this.#keys.keys()].filter((other) => inRange(other, key, rangeEnd)).sort();
  }

  #current(key: string): Version {
    return this.#keys.get(key)?.at(-1) ?? absent;
  }

  #versionAt(key: string, revision: number): Version {
    // A version without a known revision may be older or newer: taken as older, which reads agree with.
    return this.#keys.get(key)?.findLast(({ mod }) => (mod ?? 0) <= revision) ?? absent;
  }

  #push(key: string, version: Version): void {
    const versions = this.#keys.get(key);
    if (!this.#pastMatters) this.#mix(key, this.#current(key), -1);
    if (versions) versions.push(version);
    else this.#keys.set(key, [version]);
    this.#mix(key, version, 1);
    this.#trail.push({ type: 'key', key });
  }

  #forgetLast(key: string): void {
    this.#mix(key, this.#current(key), -1);
    this.#keys.get(key)?.pop();
    if (!this.#pastMatters) this.#mix(key, this.#current(key), 1);
  }

  /** Sums of hashes, so that the order in which keys were written does not matter. */
  #mix(key: string, { value, create, mod, version, lease }: Version, sign: 1 | -1): void {
    if (version === 0 && !this.#pastMatters) return;
    const text = `${key}\0${value}\0${create}\0${mod}\0${version}\0${lease}`;
    let a = 0x811c9dc5;
    let b = 0x1b873593;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      a = Math.imul(a ^ c, 0x01000193);
      b = Math.imul(b ^ c, 0x85ebca6b) ^ (b >>> 13);
    }
    this.#hashA = (this.#hashA + sign * a) | 0;
    this.#hashB = (this.#hashB + sign * b) | 0;
  }
}

/** No revision is -1: what stands for one that nobody mentioned equals none that was. */
const unmentioned = -1;

function toKv(key: string, version: Version, keysOnly: boolean): KnownKv {
  const { value, create = unmentioned, mod = unmentioned, lease } = version;
  return { key, value: keysOnly ? '' : value, create, mod, version: version.version, lease };
}

/** Whether the model's answer is what was told; what was not told agrees. */
export function agrees(expected: Answer, told: Answer): boolean {
  if (told.kvs && !sameKvs(expected.kvs ?? [], told.kvs)) return false;
  if (told.prevKvs && !sameKvs(expected.prevKvs ?? [], told.prevKvs)) return false;
  // Who asks for it and is told none is told that there was none.
  if (!told.prevKv !== !expected.prevKv) return false;
  if (told.prevKv && expected.prevKv && !sameKv(expected.prevKv, told.prevKv)) return false;
  for (const field of ['count', 'more', 'deleted', 'succeeded'] as const) {
    const told1 = told[field];
    if (told1 !== undefined && expected[field] !== undefined && told1 !== expected[field])
      return false;
  }
  const inner = told.answers ?? [];
  return inner.every((answer, i) => agrees(expected.answers?.[i] ?? {}, answer));
}

function sameKvs(expected: readonly KnownKv[], told: readonly KnownKv[]): boolean {
  return (
    expected.length === told.length &&
    told.every((kv, i) => {
      const mine = expected[i];
      return mine !== undefined && sameKv(mine, kv);
    })
  );
}

function sameKv(expected: KnownKv, told: KnownKv): boolean {
  if (expected.key !== told.key) return false;
  for (const field of ['value', 'create', 'mod', 'version', 'lease'] as const) {
    const mine = expected[field];
    const theirs = told[field];
    if (mine !== undefined && theirs !== undefined && mine !== theirs) return false;
  }
  return true;
}
