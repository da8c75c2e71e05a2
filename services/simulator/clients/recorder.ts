import type { Answer, Call, KnownKv, Operation, Watch, WatchMessage } from '#shared/checks';
import type { KeyValue, TxnRequest, TxnResult } from '#shared/mvcc';
import type { Query, Span } from './queries.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A transaction that is judged by itself. */
export interface Attempt {
  readonly who: string;
  readonly request: TxnRequest;
  readonly revision?: number;
  readonly result?: TxnResult;
  /** It was refused, or nobody knows. */
  readonly error?: string;
}

/** Something that a user asked to read, and was told, or told that they may not. */
export interface Access {
  readonly user: string;
  /** What they showed, where they were asked to. */
  readonly token: string | undefined;
  readonly endpoint: string | undefined;
  readonly asked: object;
  /** All that they must be allowed to read for it. */
  readonly spans: readonly Span[];
  readonly serializable: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  readonly denied: boolean;
}

/** Somebody asked for the keys of a lease. */
export interface LeaseRead {
  readonly user: string;
  readonly lease: bigint;
  readonly fromMs: number;
  readonly toMs: number;
  /** They were told that they may not. */
  readonly denied: boolean;
}

/** Somebody renewed a lease: what their member knew then. */
export interface LeaseRenewal {
  readonly user: string;
  readonly lease: bigint;
  readonly atMs: number;
  readonly enabled: boolean;
  readonly authRevision: number;
  readonly revision: number;
  /** They were told that they may not. */
  readonly denied: boolean;
}

export type Recorded = Mutable<Operation>;
export type RecordedWatch = Watch & { readonly messages: WatchMessage[] };

/** Somebody was told that they hold a lock, or lead an election. */
export interface Claim {
  readonly who: string;
  readonly name: string;
  readonly key: string;
  /** When the key was made, where they were told. */
  readonly created?: number | undefined;
  /** What they lead with. */
  readonly value?: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  /** Of a look at which they held it, where they were told. */
  readonly revision?: number | undefined;
}

/** Somebody was told that a leader has said something else, or that a lock or leadership is given up. */
export interface Word {
  readonly who: string;
  readonly key: string;
  readonly created?: number | undefined;
  readonly revision: number;
  /** Undefined: it is given up. */
  readonly value: string | undefined;
}

/** What one observer of an election was told, in its order. */
export interface Observed {
  readonly who: string;
  readonly name: string;
  readonly leaders: { readonly revision: number; readonly kv: KnownKv }[];
}

const decoder = new TextDecoder('latin1');

export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

export function known(kv: KeyValue): KnownKv {
  return {
    key: kv.key,
    value: textOf(kv.value),
    create: kv.createRevision,
    mod: kv.modRevision,
    version: kv.version,
    lease: String(kv.lease),
  };
}

/** What all clients of a run did, in the order in which they began it. */
export class Recorder {
  readonly operations: Recorded[] = [];
  readonly watches: RecordedWatch[] = [];
  readonly queries: Query[] = [];
  readonly attempts: Attempt[] = [];
  readonly accesses: Access[] = [];
  readonly leaseReads: LeaseRead[] = [];
  readonly leaseRenewals: LeaseRenewal[] = [];
  /** Of locks and elections. */
  readonly claims: Claim[] = [];
  readonly words: Word[] = [];
  readonly observers: Observed[] = [];
  /** Something was written that is no operation of this history. */
  writtenBeside = false;
  /** Watches that ended, each with the one that its client went on with. */
  readonly resumed: (readonly [RecordedWatch, RecordedWatch])[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  begin(client: number, call: Call, endpoint: string): Recorded {
    const operation: Recorded = {
      client,
      call,
      invokedMs: this.#now(),
      outcome: 'unknown',
      endpoint,
    };
    this.operations.push(operation);
    return operation;
  }

  returned(operation: Recorded, answer: Answer): void {
    operation.returnedMs = this.#now();
    operation.outcome = 'ok';
    operation.answer = answer;
  }

  /** `unknown`: it may still happen, so that it never returned. */
  failed(operation: Recorded, error: string, unknown: boolean): void {
    operation.error = error;
    if (unknown) return;
    operation.returnedMs = this.#now();
    operation.outcome = 'failed';
  }

  watch(watch: Omit<Watch, 'messages'>): RecordedWatch {
    const recorded = { ...watch, messages: [] };
    this.watches.push(recorded);
    return recorded;
  }

  heard(watch: RecordedWatch, message: WatchMessage): void {
    watch.messages.push(message);
  }
}
