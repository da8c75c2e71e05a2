import { QuorateError } from '#shared/base';

export const broken = (): QuorateError => new QuorateError('unavailable', 'the connection dropped');

/** As JSON: what one side does to an object, the other does not see. */
export function overTheWire<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

const copies = new WeakMap<object, object>();

/**
 * The same for what one side sends to many: all get one copy, which nobody can change. Whoever tries
 * fails, for what a watch shows belongs to all who see it.
 */
export function sharedCopy<T extends object>(value: T): T {
  const known = copies.get(value);
  if (known) return known as T;
  const copy = frozen(overTheWire(value));
  copies.set(value, copy);
  return copy;
}

function frozen<T extends object>(value: T): T {
  for (const each of Object.values(value)) {
    if (typeof each === 'object' && each !== null) frozen(each as object);
  }
  return Object.freeze(value);
}

interface List {
  readonly items: readonly object[];
}

/** What a call is answered: of a list, each object as in `sharedCopy`, for servers list what their caches hold. */
export function answerOverTheWire<T>(value: T): T {
  if (!isList(value)) return overTheWire(value);
  const { items, ...rest } = value;
  return { ...overTheWire(rest), items: items.map(sharedCopy) } as T & List;
}

const isList = (value: unknown): value is List =>
  typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items);

export function errorOverTheWire(thrown: unknown): QuorateError {
  const { code, message, details } = QuorateError.from(thrown);
  return new QuorateError(code, message, details === undefined ? {} : { details });
}
