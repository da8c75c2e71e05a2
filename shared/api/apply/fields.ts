/**
 * A set of fields as FieldsV1 has it: by path element (`f:name`, `k:{…}` for an item of a list by
 * its keys, `v:…` for one of a set). A leaf, `{}`, is in the set; a node that has others below it is
 * in the set where it holds `.`. The empty set is undefined, as is a subtree without members.
 */
export interface Fields {
  readonly [element: string]: Fields;
}

/** The mark of a node that is in the set itself. */
const self = '.';

export const leaf: Fields = {};

const isLeaf = (node: Fields): boolean => {
  for (const _ in node) return false;
  return true;
};

/** Whether the node is in the set itself. */
const isMember = (node: Fields): boolean => isLeaf(node) || Object.hasOwn(node, self);

export const childOf = (node: Fields | undefined, element: string): Fields | undefined =>
  node && Object.hasOwn(node, element) ? node[element] : undefined;

/** Elements below a node, without its own mark. */
export const elementsOf = (node: Fields): string[] =>
  Object.keys(node).filter((element) => element !== self);

/** A node from its parts; undefined where nothing is in it. */
export function fieldsOf(
  member: boolean,
  children: readonly (readonly [string, Fields])[],
): Fields | undefined {
  if (children.length === 0) return member ? leaf : undefined;
  const node = Object.fromEntries(children);
  return member ? { [self]: leaf, ...node } : node;
}

export function union(a: Fields | undefined, b: Fields | undefined): Fields | undefined {
  if (!a || !b || a === b) return a ?? b;
  const children: [string, Fields][] = [];
  for (const element of new Set([...elementsOf(a), ...elementsOf(b)])) {
    const both = union(childOf(a, element), childOf(b, element));
    if (both) children.push([element, both]);
  }
  return fieldsOf(isMember(a) || isMember(b), children);
}

/** What is in `a` and not in `b`. */
export function difference(a: Fields | undefined, b: Fields | undefined): Fields | undefined {
  if (!a || !b) return a;
  const children: [string, Fields][] = [];
  for (const element of elementsOf(a)) {
    const rest = difference(childOf(a, element), childOf(b, element));
    if (rest) children.push([element, rest]);
  }
  return fieldsOf(isMember(a) && !isMember(b), children);
}

export function intersection(a: Fields | undefined, b: Fields | undefined): Fields | undefined {
  if (!a || !b) return undefined;
  const children: [string, Fields][] = [];
  for (const element of elementsOf(a)) {
    const both = intersection(childOf(a, element), childOf(b, element));
    if (both) children.push([element, both]);
  }
  return fieldsOf(isMember(a) && isMember(b), children);
}

/** Every member as a path, as Kubernetes prints it: `.spec.containers[name="x"].image`. */
export function* pathsIn(node: Fields, path = ''): Generator<string, void> {
  if (path !== '' && isMember(node)) yield path;
  for (const element of elementsOf(node)) {
    yield* pathsIn(childOf(node, element) ?? leaf, path + printed(element));
  }
}

/** A path element as Kubernetes prints it. */
export function printed(element: string): string {
  const text = element.slice(2);
  if (element.startsWith('f:')) return `.${text}`;
  if (element.startsWith('v:')) return `[=${text}]`;
  const keys = Object.entries(JSON.parse(text) as Record<string, unknown>);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
}
