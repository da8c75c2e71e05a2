import { assertNever } from '#shared/base';
import { badRequest } from './errors.ts';
import type { KubeObject } from './object.ts';
import type { Resource } from './resource.ts';
import type { LabelSelector } from './types.ts';
import { qualifiedName, validLabelValue } from './validation/names.ts';

type Labels = Readonly<Record<string, string>>;

/** One requirement of a label selector. */
type Requirement =
  | { readonly key: string; readonly op: 'in' | 'notin'; readonly values: readonly string[] }
  | { readonly key: string; readonly op: 'exists' | '!' }
  | { readonly key: string; readonly op: '>' | '<'; readonly bound: bigint };

export interface LabelSelectorMatcher {
  /** True where every object matches. */
  readonly empty: boolean;
  matches(labels: Labels | undefined): boolean;
  /** Canonical text. */
  toString(): string;
}

/** Equality and set syntax, as `-l` takes it; throws `bad-request`. '' selects everything. */
export function parseLabelSelector(text: string): LabelSelectorMatcher {
  return matcher(new LabelParser(text).requirements());
}

const nothing: LabelSelectorMatcher = {
  empty: false,
  matches: () => false,
  toString: () => '',
};

/** The matcher of a LabelSelector object; undefined selects nothing, `{}` everything. */
export function labelSelectorMatcher(selector: LabelSelector | undefined): LabelSelectorMatcher {
  if (!selector) return nothing;
  const requirements: Requirement[] = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]) => ({ key, op: 'in', values: [value] }),
  );
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    switch (operator) {
      case 'In':
        requirements.push({ key, op: 'in', values });
        break;
      case 'NotIn':
        requirements.push({ key, op: 'notin', values });
        break;
      case 'Exists':
        requirements.push({ key, op: 'exists' });
        break;
      case 'DoesNotExist':
        requirements.push({ key, op: '!' });
        break;
      default:
        throw badRequest(`"${operator}" is not a valid label selector operator`);
    }
  }
  return matcher(requirements);
}

function matcher(requirements: readonly Requirement[]): LabelSelectorMatcher {
  return {
    empty: requirements.length === 0,
    matches: (labels) => requirements.every((requirement) => satisfied(requirement, labels ?? {})),
    toString: () => requirements.map(format).join(','),
  };
}

function satisfied(requirement: Requirement, labels: Labels): boolean {
  const { key } = requirement;
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (requirement.op) {
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notin':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case '>':
      return value !== undefined && /^-?\d+$/.test(value) && BigInt(value) > requirement.bound;
    case '<':
      return value !== undefined && /^-?\d+$/.test(value) && BigInt(value) < requirement.bound;
    default:
      return assertNever(requirement, 'selector operator');
  }
}

function format(requirement: Requirement): string {
  const { key, op } = requirement;
  switch (requirement.op) {
    case 'in':
    case 'notin': {
      const { values } = requirement;
      if (values.length === 1) return `${key}${op === 'in' ? '=' : '!='}${values[0]}`;
      return `${key} ${op} (${[...values].sort().join(',')})`;
    }
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case '>':
    case '<':
      return `${key}${op}${requirement.bound}`;
    default:
      return assertNever(requirement, 'selector operator');
  }
}

/** Kubernetes' grammar of labels.Parse: requirements separated by commas. */
class LabelParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  requirements(): Requirement[] {
    const found: Requirement[] = [];
    if (this.#peek() === '') return found;
    for (;;) {
      found.push(this.#requirement());
      const next = this.#take();
      if (next === '') return found;
      if (next !== ',') throw this.#unexpected(next, "',' or 'end of string'");
    }
  }

  #requirement(): Requirement {
    if (this.#peek() === '!') {
      this.#take();
      return { key: this.#key(), op: '!' };
    }
    const key = this.#key();
    const op = this.#peek();
    if (op === '' || op === ',') return { key, op: 'exists' };
    this.#take();
    switch (op) {
      case '=':
      case '==':
        return { key, op: 'in', values: [this.#value(key)] };
      case '!=':
        return { key, op: 'notin', values: [this.#value(key)] };
      case 'in':
      case 'notin':
        return { key, op, values: this.#values(key) };
      case '>':
      case '<':
        return { key, op, bound: this.#bound(op) };
      default:
        throw this.#unexpected(op, 'in, notin, =, ==, !=, gt, lt');
    }
  }

  #key(): string {
    const key = this.#take();
    if (key === '' || isSymbol(key)) throw this.#unexpected(key, 'identifier');
    const [error] = qualifiedName(key);
    if (error) throw this.#error(`key: Invalid value: ${JSON.stringify(key)}: ${error}`);
    return key;
  }

  /** After `=`: a missing value is the empty one. */
  #value(key: string): string {
    const next = this.#peek();
    if (next === '' || next === ',') return '';
    return this.#checked(key, this.#take());
  }

  #values(key: string): string[] {
    const open = this.#take();
    if (open !== '(') throw this.#unexpected(open, "'('");
    const values: string[] = [];
    for (;;) {
      // `(a,)` and `()` hold the empty value, as in Kubernetes.
      const next = this.#peek();
      values.push(next === ',' || next === ')' ? '' : this.#checked(key, this.#take()));
      const separator = this.#take();
      if (separator === ')') return [...new Set(values)];
      if (separator !== ',') throw this.#unexpected(separator, "',' or ')'");
    }
  }

  #bound(op: string): bigint {
    const text = this.#take();
    if (/^-?\d+$/.test(text)) return BigInt(text);
    throw this.#error(
      `values[0]: Invalid value: ${JSON.stringify(text)}: for '${op}' operators, the value must be an integer`,
    );
  }

  #checked(key: string, value: string): string {
    if (value === '' || isSymbol(value)) throw this.#unexpected(value, 'identifier');
    const [error] = validLabelValue(value);
    if (error)
      throw this.#error(`values[0][${key}]: Invalid value: ${JSON.stringify(value)}: ${error}`);
    return value;
  }

  #peek(): string {
    const at = this.#at;
    const token = this.#take();
    this.#at = at;
    return token;
  }

  /** The next token, '' at the end. */
  #take(): string {
    token.lastIndex = this.#at;
    const match = token.exec(this.#text);
    this.#at = match ? token.lastIndex : this.#text.length;
    return match?.[1] ?? '';
  }

  #unexpected(found: string, expected: string): Error {
    return this.#error(`found '${found}', expected: ${expected}`);
  }

  #error(why: string): Error {
    return badRequest(
      `unable to parse requirement: ${why} (in label selector ${JSON.stringify(this.#text)})`,
    );
  }
}

const token = /\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)/y;
const isSymbol = (text: string): boolean => /^[=!<>(),]/.test(text);

export interface FieldSelector {
  readonly empty: boolean;
  matches(object: KubeObject): boolean;
  /** The value that the field must equal, where the selector says so: metadata.name look-ups. */
  exact(field: string): string | undefined;
  toString(): string;
}

interface FieldTerm {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
  read(object: KubeObject): string;
}

/** `a=b,c!=d` over the fields that the kind declares; throws `bad-request`. */
export function parseFieldSelector(resource: Resource, text: string): FieldSelector {
  const terms = splitTerms(text).map((term) => fieldTerm(resource, term, text));
  return {
    empty: terms.length === 0,
    matches: (object) => terms.every((term) => (term.read(object) === term.value) === term.equal),
    exact: (field) => terms.find((term) => term.equal && term.field === field)?.value,
    toString: () =>
      terms.map(({ field, equal, value }) => `${field}${equal ? '=' : '!='}${value}`).join(','),
  };
}

/** Parts between commas; a backslash keeps the character after it. */
function splitTerms(text: string): string[] {
  const terms = text.match(/(?:\\.|[^,\\])+/gs) ?? [];
  return terms.map((term) => term.trim()).filter((term) => term !== '');
}

function fieldTerm(resource: Resource, term: string, whole: string): FieldTerm {
  const match = /^([^=!]*)(!=|==|=)(.*)$/s.exec(term);
  if (!match) {
    throw badRequest(`invalid selector: '${whole}'; can't understand '${term}'`);
  }
  const [, field = '', operator, raw = ''] = match;
  return {
    field,
    equal: operator !== '!=',
    value: raw.replace(/\\(.)/gs, '$1'),
    read: fieldReader(resource, field),
  };
}

function fieldReader(resource: Resource, field: string): (object: KubeObject) => string {
  if (field === 'metadata.name') return (object) => object.metadata?.name ?? '';
  if (field === 'metadata.namespace' && resource.namespaced) {
    return (object) => object.metadata?.namespace ?? '';
  }
  const read = Object.hasOwn(resource.selectableFields, field)
    ? resource.selectableFields[field]
    : undefined;
  if (read) return read;
  throw badRequest(`field label not supported: ${field}`);
}
