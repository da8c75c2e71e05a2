import { QuorateError } from '#shared/base';
import type { History, Operation, Remark, Watch } from '#shared/checks';

/** A history with what a checker must know of the store that it comes from. */
export interface RecordedHistory extends History {
  /** Where nobody else wrote: the revision before the first operation. */
  readonly initialRevision?: number | undefined;
}

const format = 'quorate-history/1';

type Line =
  | { readonly format: string; readonly initialRevision?: number }
  | { readonly operation: Operation }
  | { readonly watch: Watch }
  | { readonly remark: Remark };

/** One JSON value a line, the first of them the format. */
export function encodeHistory(history: RecordedHistory): string {
  const { initialRevision, operations, watches, remarks } = history;
  const lines: object[] = [
    { format, ...(initialRevision === undefined ? {} : { initialRevision }) },
    ...operations.map((operation) => ({ operation })),
    ...watches.map((watch) => ({ watch })),
    ...remarks.map((remark) => ({ remark })),
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

export function decodeHistory(text: string, name: string): RecordedHistory {
  const operations: Operation[] = [];
  const watches: Watch[] = [];
  const remarks: Remark[] = [];
  let initialRevision: number | undefined;
  text.split('\n').forEach((line, i) => {
    if (line === '') return;
    const value = parse(line, `${name}:${i + 1}`);
    if (i === 0) {
      if (!('format' in value) || value.format !== format) {
        throw new QuorateError('bad-request', `${name} does not begin with {"format":"${format}"}`);
      }
      initialRevision = value.initialRevision;
    } else if ('operation' in value) operations.push(checked(value.operation, `${name}:${i + 1}`));
    else if ('watch' in value) watches.push(value.watch);
    else if ('remark' in value) remarks.push(value.remark);
    else throw new QuorateError('bad-request', `${name}:${i + 1} is no operation, watch or remark`);
  });
  if (operations.length === 0) throw new QuorateError('bad-request', `${name} has no operations`);
  return { operations, watches, remarks, initialRevision };
}

function parse(line: string, where: string): Line {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Line;
  } catch {
    // Said below.
  }
  throw new QuorateError('bad-request', `${where} is not a JSON object`);
}

const callTypes = ['range', 'put', 'delete', 'txn', 'lease-grant', 'lease-revoke', 'compact'];

function checked(operation: Operation, where: string): Operation {
  const { client, call, invokedMs, outcome } = operation;
  const fine =
    typeof client === 'number' &&
    typeof invokedMs === 'number' &&
    ['ok', 'failed', 'unknown'].includes(outcome) &&
    callTypes.includes(call?.type);
  if (fine) return operation;
  throw new QuorateError('bad-request', `${where} is not an operation: see docs/checking.md`);
}
