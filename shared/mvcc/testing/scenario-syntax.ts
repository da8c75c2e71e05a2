import type {
  Compare,
  DeleteRangeRequest,
  Event,
  KeyValue,
  PutRequest,
  RangeRequest,
  RangeResult,
  RequestOp,
  ResponseOp,
  TxnRequest,
  TxnResult,
  WatchRequest,
} from '../types.ts';

/** How scenarios write requests and results. A line is words; `name=value` words are options. */
export interface Words {
  readonly plain: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

export function parseWords(line: string): Words {
  const plain: string[] = [];
  const options = new Map<string, string>();
  for (const word of line.trim().split(/\s+/)) {
    const equals = word.indexOf('=', 1);
    if (equals < 0) plain.push(unescape(word));
    else options.set(word.slice(0, equals), word.slice(equals + 1));
  }
  return { plain, options };
}

/** `\0` is the zero byte, `''` the empty string. */
function unescape(word: string): string {
  return word === "''" ? '' : word.replaceAll('\\0', '\0');
}

function escape(text: string): string {
  return text === '' ? "''" : text.replaceAll('\0', '\\0');
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const number = (words: Words, name: string): number => Number(words.options.get(name) ?? 0);
const flag = (words: Words, name: string): boolean => words.plain.includes(name);

export function parsePut(words: Words): PutRequest {
  const [, key = '', value = ''] = words.plain;
  const ignoreValue = flag(words, 'ignoreValue');
  return {
    key,
    value: bytes(ignoreValue ? '' : value),
    lease: BigInt(words.options.get('lease') ?? 0),
    prevKv: flag(words, 'prevKv'),
    ignoreValue,
    ignoreLease: flag(words, 'ignoreLease'),
  };
}

export function parseDelete(words: Words): DeleteRangeRequest {
  return { ...keyRange(words), prevKv: flag(words, 'prevKv') };
}

export function parseRange(words: Words): RangeRequest {
  const { options } = words;
  return {
    ...keyRange(words),
    limit: number(words, 'limit'),
    revision: number(words, 'rev'),
    sortOrder: options.get('order') as RangeRequest['sortOrder'],
    sortTarget: options.get('sort') as RangeRequest['sortTarget'],
    keysOnly: flag(words, 'keysOnly'),
    countOnly: flag(words, 'countOnly'),
    minModRevision: number(words, 'minMod'),
    maxModRevision: number(words, 'maxMod'),
    minCreateRevision: number(words, 'minCreate'),
    maxCreateRevision: number(words, 'maxCreate'),
  };
}

export function parseWatch(words: Words): WatchRequest {
  const filters: ('no-put' | 'no-delete')[] = [];
  if (flag(words, 'noPut')) filters.push('no-put');
  if (flag(words, 'noDelete')) filters.push('no-delete');
  const prevKv = flag(words, 'prevKv');
  return { ...keyRange(words), startRevision: number(words, 'rev'), prevKv, filters };
}

function keyRange({ plain, options }: Words): { key: string; rangeEnd?: string } {
  const to = options.get('to');
  const key = plain[1] ?? '';
  return to === undefined ? { key } : { key, rangeEnd: unescape(to) };
}

/** Lines `if target key op value`, `then …`, `else …`; what is indented belongs to a nested txn. */
export function parseTxn(lines: readonly string[]): TxnRequest {
  const compare: Compare[] = [];
  const success: RequestOp[] = [];
  const failure: RequestOp[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const nested: string[] = [];
    while (lines[i + 1]?.startsWith('  ') === true) nested.push((lines[++i] as string).slice(2));
    const [keyword, ...rest] = line.split(' ');
    if (keyword === 'if') compare.push(parseCompare(parseWords(rest.join(' '))));
    else (keyword === 'then' ? success : failure).push(parseOp(rest.join(' '), nested));
  }
  return { compare, success, failure };
}

function parseOp(line: string, nested: readonly string[]): RequestOp {
  const words = parseWords(line);
  switch (words.plain[0] ?? '') {
    case 'put':
      return { type: 'put', put: parsePut(words) };
    case 'get':
      return { type: 'range', range: parseRange(words) };
    case 'del':
      return { type: 'deleteRange', deleteRange: parseDelete(words) };
    case 'txn':
      return { type: 'txn', txn: parseTxn(nested) };
    default:
      throw new Error(`no such operation: ${line}`);
  }
}

const results: Record<string, Compare['result']> = {
  is: 'equal',
  not: 'not-equal',
  '>': 'greater',
  '<': 'less',
};

function parseCompare(words: Words): Compare {
  const [target = '', , operator = '', value = ''] = words.plain;
  const common = { ...keyRange(words), result: results[operator] as Compare['result'] };
  if (target === 'value') return { ...common, target, value: bytes(value) };
  if (target === 'lease') return { ...common, target, lease: BigInt(value) };
  return { ...common, target: target as 'mod', revision: Number(value) };
}

export function showKv(kv: KeyValue): string {
  const value = escape(String.fromCharCode(...kv.value));
  const lease = kv.lease === 0n ? '' : ` lease ${kv.lease}`;
  const { createRevision, modRevision, version } = kv;
  return `${escape(kv.key)} = ${value} (create ${createRevision}, mod ${modRevision}, version ${version}${lease})`;
}

export function showRange({ kvs, more, count }: RangeResult): string[] {
  return [...kvs.map(showKv), `count ${count}${more ? ', more' : ''}`];
}

export function showEvent({ type, kv, prevKv }: Event): string {
  const what = type === 'put' ? showKv(kv) : `${escape(kv.key)} (mod ${kv.modRevision})`;
  return `${type} ${what}${prevKv === undefined ? '' : `, was ${showKv(prevKv)}`}`;
}

export function showTxn({ succeeded, responses }: TxnResult): string[] {
  const lines = responses.flatMap((response) => showResponse(response));
  return [succeeded ? 'then' : 'else', ...lines.map((line) => `  ${line}`)];
}

function showResponse(response: ResponseOp): string[] {
  const at = `[${response.revision}]`;
  switch (response.type) {
    case 'range':
      return showRange(response.range).map((line) => `${at} ${line}`);
    case 'put': {
      const { prevKv } = response.put;
      return [`${at} put${prevKv === undefined ? '' : `, was ${showKv(prevKv)}`}`];
    }
    case 'deleteRange': {
      const { deleted, prevKvs } = response.deleteRange;
      return [`${at} deleted ${deleted}`, ...prevKvs.map((kv) => `was ${showKv(kv)}`)];
    }
    case 'txn':
      return showTxn(response.txn);
    default:
      return response satisfies never;
  }
}
