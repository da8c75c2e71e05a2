import { assertNever } from '#shared/base';

/*
 * What clients of an etcd v3 store did and were told. A history is data that anybody can read: one
 * record a line in JSON, times in milliseconds on one monotonic clock, keys and values as strings
 * of one character a byte (latin1), leases as decimal strings because they have 64 bits.
 */

/** A key with what was told of it; a field that is absent was not told. */
export interface KnownKv {
  readonly key: string;
  readonly value?: string | undefined;
  readonly create?: number | undefined;
  readonly mod?: number | undefined;
  readonly version?: number | undefined;
  readonly lease?: string | undefined;
}

export interface RangeCall {
  readonly type: 'range';
  readonly key: string;
  /** As in etcd: absent, the one key; `\0`, all keys from `key` on; else keys in [key, rangeEnd). */
  readonly rangeEnd?: string | undefined;
  readonly limit?: number | undefined;
  /** Absent or 0: now. */
  readonly revision?: number | undefined;
  /** May be answered from one member's past: checked against some past, not against time. */
  readonly serializable?: boolean | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
}

export interface PutCall {
  readonly type: 'put';
  readonly key: string;
  readonly value: string;
  readonly lease?: string | undefined;
  readonly prevKv?: boolean | undefined;
}

export interface DeleteCall {
  readonly type: 'delete';
  readonly key: string;
  readonly rangeEnd?: string | undefined;
  readonly prevKv?: boolean | undefined;
}

/** One condition of a transaction; a key that does not exist has 0 everywhere and no value. */
export interface Condition {
  readonly key: string;
  readonly target: 'value' | 'version' | 'create' | 'mod' | 'lease';
  readonly result: 'equal' | 'not-equal' | 'greater' | 'less';
  readonly operand: number | string;
}

export interface TxnCall {
  readonly type: 'txn';
  readonly compare: readonly Condition[];
  readonly success: readonly (RangeCall | PutCall | DeleteCall)[];
  readonly failure: readonly (RangeCall | PutCall | DeleteCall)[];
}

export interface LeaseGrantCall {
  readonly type: 'lease-grant';
  readonly lease: string;
  readonly ttlSeconds: number;
}

export interface LeaseRevokeCall {
  readonly type: 'lease-revoke';
  readonly lease: string;
}

export interface CompactCall {
  readonly type: 'compact';
  readonly revision: number;
}

export type Call =
  | RangeCall
  | PutCall
  | DeleteCall
  | TxnCall
  | LeaseGrantCall
  | LeaseRevokeCall
  | CompactCall;

/** The answer; which fields there are depends on the call. */
export interface Answer {
  /** The header's: of a write its own revision, of a read that of the state it saw. */
  readonly revision?: number | undefined;
  readonly kvs?: readonly KnownKv[] | undefined;
  readonly count?: number | undefined;
  readonly more?: boolean | undefined;
  readonly prevKv?: KnownKv | undefined;
  readonly deleted?: number | undefined;
  readonly prevKvs?: readonly KnownKv[] | undefined;
  readonly succeeded?: boolean | undefined;
  readonly answers?: readonly Answer[] | undefined;
}

export interface Operation {
  readonly client: number;
  readonly call: Call;
  readonly invokedMs: number;
  /** Absent: it never returned. */
  readonly returnedMs?: number | undefined;
  /** `failed`: it certainly had no effect. `unknown`: it may have had one, then or at any later time. */
  readonly outcome: 'ok' | 'failed' | 'unknown';
  readonly answer?: Answer | undefined;
  /** What a failed or unknown one was told. */
  readonly error?: string | undefined;
  /** Who was asked, for people. */
  readonly endpoint?: string | undefined;
}

export interface WatchedEvent {
  readonly type: 'put' | 'delete';
  /** `mod` is the event's revision. */
  readonly kv: KnownKv;
  readonly prevKv?: KnownKv | undefined;
}

/** One thing that a watch was told, in the order in which it was told. */
export type WatchMessage =
  | { readonly type: 'created'; readonly atMs: number; readonly revision: number }
  | {
      readonly type: 'events';
      readonly atMs: number;
      readonly revision: number;
      readonly events: readonly WatchedEvent[];
    }
  | { readonly type: 'progress'; readonly atMs: number; readonly revision: number }
  | {
      readonly type: 'ended';
      readonly atMs: number;
      readonly error: string;
      readonly compactRevision?: number | undefined;
    };

/** One watch from its creation to its end; a client that resumes makes a new one. */
export interface Watch {
  readonly client: number;
  readonly key: string;
  readonly rangeEnd?: string | undefined;
  /** 0 or absent: from the next change on. */
  readonly startRevision?: number | undefined;
  readonly prevKv?: boolean | undefined;
  readonly filters?: readonly ('no-put' | 'no-delete')[] | undefined;
  readonly messages: readonly WatchMessage[];
  /** It was given the time to hear everything up to here. Absent: nothing is known of its end. */
  readonly awaitedRevision?: number | undefined;
}

/** Something that was done to the cluster meanwhile, for the picture. */
export interface Remark {
  readonly fromMs: number;
  readonly toMs: number;
  readonly text: string;
}

export interface History {
  readonly operations: readonly Operation[];
  readonly watches: readonly Watch[];
  readonly remarks: readonly Remark[];
}

/** Whether the call asks for, or may change, `key`. */
export function inRange(key: string, from: string, rangeEnd: string | undefined): boolean {
  if (rangeEnd === undefined) return key === from;
  return key >= from && (rangeEnd === '\0' || key < rangeEnd);
}

/** One line in words: what was asked. */
export function callText(call: Call): string {
  const quote = (text: string): string =>
    JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}…` : text);
  switch (call.type) {
    case 'range': {
      const end = call.rangeEnd === undefined ? '' : `..${quote(call.rangeEnd)}`;
      const at = call.revision ? ` at ${call.revision}` : '';
      return `${call.serializable ? 'serializable ' : ''}get ${quote(call.key)}${end}${at}`;
    }
    case 'put':
      return `put ${quote(call.key)} = ${quote(call.value)}${call.lease ? ` lease ${call.lease}` : ''}`;
    case 'delete':
      return `delete ${quote(call.key)}${call.rangeEnd === undefined ? '' : `..${quote(call.rangeEnd)}`}`;
    case 'txn': {
      const conditions = call.compare.map(
        (c) => `${c.target}(${quote(c.key)}) ${c.result} ${JSON.stringify(c.operand)}`,
      );
      const ops = (list: readonly Call[]): string => list.map(callText).join(', ') || 'nothing';
      return `if ${conditions.join(' and ') || 'true'} then ${ops(call.success)} else ${ops(call.failure)}`;
    }
    case 'lease-grant':
      return `grant lease ${call.lease} for ${call.ttlSeconds} s`;
    case 'lease-revoke':
      return `revoke lease ${call.lease}`;
    case 'compact':
      return `compact to ${call.revision}`;
    default:
      return assertNever(call);
  }
}

/** One line in words: what was answered. */
export function answerText(operation: Operation): string {
  const { outcome, answer, error } = operation;
  if (outcome === 'failed') return `failed: ${error ?? 'no reason given'}`;
  if (outcome === 'unknown' || !answer)
    return outcome === 'ok' ? 'ok' : `unknown: ${error ?? 'no answer'}`;
  const at = answer.revision === undefined ? '' : ` @${answer.revision}`;
  return `${resultText(answer)}${at}`;
}

/** One line in words: who asked when, what, and what was answered. */
export function operationText(operation: Operation): string {
  const { client, invokedMs, returnedMs } = operation;
  const until = returnedMs === undefined ? '…' : returnedMs.toFixed(1);
  return `client ${client} [${invokedMs.toFixed(1)} – ${until} ms] ${callText(operation.call)} → ${answerText(operation)}`;
}

function resultText(answer: Answer): string {
  if (answer.kvs) {
    const shown = answer.kvs.slice(0, 4).map(kvText);
    if (answer.kvs.length > 4) shown.push(`… ${answer.kvs.length} keys`);
    return shown.join(', ') || (answer.count ? `${answer.count} keys` : 'nothing');
  }
  if (answer.deleted !== undefined) return `deleted ${answer.deleted}`;
  if (answer.succeeded !== undefined) {
    const inner = (answer.answers ?? []).map(resultText).join(', ');
    return `${answer.succeeded ? 'then' : 'else'}${inner ? ` (${inner})` : ''}`;
  }
  return 'ok';
}

function kvText({ key, value, mod }: KnownKv): string {
  const what = value === undefined ? key : `${key}=${value}`;
  return `${what.length > 40 ? `${what.slice(0, 37)}…` : what}${mod === undefined ? '' : ` (mod ${mod})`}`;
}
