import { CommandError } from '../command-error.ts';

/** One step of a path. Each maps every value to the values below it. */
type Step = (values: readonly unknown[], root: unknown) => unknown[];

/** A template's pieces: text, a path's values, or a range over a path. */
type Piece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'path'; readonly path: Path }
  | { readonly type: 'range'; readonly path: Path; readonly body: readonly Piece[] };

/** Evaluates to every value that the path reaches. `current` is `@`, `root` is `$`. */
type Path = (current: unknown, root: unknown) => unknown[];

/**
 * kubectl's JSONPath: `{.items[*].metadata.name}`, `['key']`, `[0]`, `[-1]`, `[0:2]`, `[*]`,
 * `..name`, `[?(@.type=="Ready")]`, `{range …}…{end}`, `{"\n"}`. Braces may be left out of a
 * template that is one path.
 */
export function compileTemplate(template: string): (root: unknown) => string {
  const source = template.includes('{') ? template : `{${withDot(template)}}`;
  const pieces = parsePieces(tokenize(source));
  return (root) => render(pieces, root, root);
}

/** The values that one path reaches, for columns, sorting and waiting. */
export function compilePath(path: string): (root: unknown) => unknown[] {
  const trimmed = path.replace(/^\{(.*)\}$/s, '$1');
  const compiled = parsePath(withDot(trimmed));
  return (root) => compiled(root, root);
}

const withDot = (path: string): string => (/^[.[$@]/.test(path) ? path : `.${path}`);

function fail(template: string, reason: string): never {
  throw new CommandError(`error parsing jsonpath ${template}, ${reason}`);
}

interface Token {
  readonly type: 'text' | 'action';
  readonly text: string;
}

function tokenize(template: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{', at);
    if (open === -1) break;
    if (open > at) tokens.push({ type: 'text', text: template.slice(at, open) });
    const close = endOfAction(template, open + 1);
    tokens.push({ type: 'action', text: template.slice(open + 1, close).trim() });
    at = close + 1;
  }
  if (at < template.length) tokens.push({ type: 'text', text: template.slice(at) });
  return tokens;
}

/** The closing brace that is not inside quotes. */
function endOfAction(template: string, from: number): number {
  let quote = '';
  for (let i = from; i < template.length; i++) {
    const char = template.charAt(i);
    if (quote !== '') {
      if (char === '\\') i++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '}') return i;
  }
  return fail(template, 'unclosed action');
}

function parsePieces(tokens: Token[]): Piece[] {
  const pieces = parseUntilEnd(tokens, false);
  return pieces;
}

/** Consumes tokens up to the `{end}` of the range it is in. */
function parseUntilEnd(tokens: Token[], inRange: boolean): Piece[] {
  const pieces: Piece[] = [];
  for (let token = tokens.shift(); token; token = tokens.shift()) {
    if (token.type === 'text') pieces.push({ type: 'text', text: token.text });
    else if (token.text === 'end') {
      if (inRange) return pieces;
      fail('{end}', 'not in range');
    } else if (/^range\s/.test(token.text)) {
      const path = parsePath(withDot(token.text.slice(5).trim()));
      pieces.push({ type: 'range', path, body: parseUntilEnd(tokens, true) });
    } else if (/^["']/.test(token.text)) {
      pieces.push({ type: 'text', text: unquote(token.text) });
    } else pieces.push({ type: 'path', path: parsePath(withDot(token.text)) });
  }
  if (inRange) fail('{range}', 'unclosed range');
  return pieces;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, (_, char: string) => escapes[char] ?? char);
}

function render(pieces: readonly Piece[], current: unknown, root: unknown): string {
  return pieces
    .map((piece) => {
      if (piece.type === 'text') return piece.text;
      const values = piece.path(current, root);
      if (piece.type === 'path') return values.map(formatValue).join(' ');
      return values.map((value) => render(piece.body, value, root)).join('');
    })
    .join('');
}

/** Scalars as they are, everything else as JSON. */
export function formatValue(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value) ?? '';
}

function parsePath(path: string): Path {
  const steps: Step[] = [];
  let rest = path.replace(/^[$@]/, '');
  const fromRoot = path.startsWith('$');
  while (rest !== '') {
    const { step, length } = nextStep(rest, path);
    steps.push(step);
    rest = rest.slice(length);
  }
  return (current, root) => {
    let values: unknown[] = [fromRoot ? root : current];
    for (const step of steps) values = step(values, root);
    return values;
  };
}

function nextStep(rest: string, whole: string): { step: Step; length: number } {
  const descend = /^\.\.((?:\\.|[^.[\]\\])+)/.exec(rest);
  if (descend) return { step: descendants(unescape(descend[1])), length: descend[0].length };
  const field = /^\.((?:\\.|[^.[\]\\])+)/.exec(rest);
  if (field) {
    const name = unescape(field[1]);
    return { step: name === '*' ? allChildren : child(name), length: field[0].length };
  }
  if (rest === '.') return { step: (values) => [...values], length: 1 };
  if (rest.startsWith('.[')) return { step: (values) => [...values], length: 1 };
  if (!rest.startsWith('[')) return fail(whole, `unexpected "${rest}"`);
  const close = endOfBracket(rest, whole);
  return { step: bracketStep(rest.slice(1, close).trim(), whole), length: close + 1 };
}

const unescape = (name = ''): string => name.replace(/\\(.)/g, '$1');

function endOfBracket(rest: string, whole: string): number {
  let depth = 0;
  let quote = '';
  for (let i = 0; i < rest.length; i++) {
    const char = rest.charAt(i);
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '[') depth++;
    else if (char === ']' && --depth === 0) return i;
  }
  return fail(whole, 'unterminated array');
}

function bracketStep(inside: string, whole: string): Step {
  if (inside === '*') return allChildren;
  const quoted = /^'([^']*)'$|^"([^"]*)"$/.exec(inside);
  if (quoted) return child(quoted[1] ?? quoted[2] ?? '');
  const filter = /^\?\((.*)\)$/s.exec(inside);
  if (filter) return filterStep(filter[1] ?? '', whole);
  if (/^-?\d+(\s*,\s*-?\d+)*$/.test(inside)) {
    const indexes = inside.split(',').map(Number);
    return (values) =>
      values.flatMap((value) =>
        Array.isArray(value)
          ? indexes.map((i) => (value as unknown[]).at(i)).filter((v) => v !== undefined)
          : [],
      );
  }
  const slice = /^(-?\d*):(-?\d*)$/.exec(inside);
  if (slice) {
    const [from, to] = [slice[1], slice[2]].map((n) => (n ? Number(n) : undefined));
    return (values) =>
      values.flatMap((v) => (Array.isArray(v) ? (v.slice(from, to) as unknown[]) : []));
  }
  return fail(whole, `invalid array index ${inside}`);
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const child =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => {
      if (!isMap(value) || !Object.hasOwn(value, name)) return [];
      return [value[name]];
    });

const childrenOf = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value as unknown[];
  return isMap(value) ? Object.values(value) : [];
};

const allChildren: Step = (values) => values.flatMap(childrenOf);

function descendants(name: string): Step {
  const find = (value: unknown): unknown[] => {
    const own = name === '*' ? childrenOf(value) : child(name)([value], undefined);
    return [...own, ...childrenOf(value).flatMap(find)];
  };
  return (values) => values.flatMap(find);
}

const operators: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => (a as number) < (b as number),
  '<=': (a, b) => (a as number) <= (b as number),
  '>': (a, b) => (a as number) > (b as number),
  '>=': (a, b) => (a as number) >= (b as number),
};

function filterStep(expression: string, whole: string): Step {
  const match = /^\s*([@$][^=!<>]*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?))?\s*$/s.exec(expression);
  if (!match) return fail(whole, `unrecognized filter ${expression}`);
  const left = parsePath(match[1] ?? '');
  const compare = match[2] === undefined ? undefined : operators[match[2]];
  const right = operand(match[3] ?? '', whole);
  return (values, root) =>
    values.flatMap(childrenOf).filter((item) => {
      const [value] = left(item, root);
      return compare ? compare(value, right(item, root)) : value !== undefined;
    });
}

function operand(text: string, whole: string): (item: unknown, root: unknown) => unknown {
  if (/^[@$]/.test(text)) {
    const path = parsePath(text);
    return (item, root) => path(item, root)[0];
  }
  if (/^["']/.test(text)) {
    const value = unquote(text);
    return () => value;
  }
  if (text === '') return () => undefined;
  try {
    const value = JSON.parse(text) as unknown;
    return () => value;
  } catch {
    return fail(whole, `unrecognized value ${text}`);
  }
}
