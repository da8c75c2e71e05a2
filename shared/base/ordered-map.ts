import { must } from './assert.ts';

/** Entries a node holds at most; half of it after a split. Chosen by measurement. */
const capacity = 64;

interface Leaf<V, S> {
  readonly leaf: true;
  readonly keys: string[];
  readonly values: V[];
  /** Of all values below; undefined until somebody asks, and again after each change below. */
  sum: S | undefined;
}

interface Branch<V, S> {
  readonly leaf: false;
  /** `keys[i]` is at most the smallest key below `children[i + 1]` and above all before it. */
  readonly keys: string[];
  readonly children: Node<V, S>[];
  sum: S | undefined;
}

type Node<V, S> = Leaf<V, S> | Branch<V, S>;

/** What many values amount to. */
export interface Summary<V, S> {
  of(values: readonly V[]): S;
  join(sums: readonly S[]): S;
}

/**
 * A map whose keys are in order (of their UTF-16 code units): a B+ tree. Lookup, insertion and
 * removal take O(log n); walking takes O(1) an entry. With a `Summary` each node knows what is below
 * it, so that questions about a range need not visit it all (`survey`).
 */
export class OrderedMap<V, S = never> {
  readonly #summary: Summary<V, S> | undefined;
  #root: Node<V, S> = { leaf: true, keys: [], values: [], sum: undefined };
  #size = 0;

  constructor(summary?: Summary<V, S>) {
    this.#summary = summary;
  }

  /** Of keys that ascend strictly, and their values: far faster than setting them one by one. */
  static fromSorted<V, S = never>(
    keys: readonly string[],
    values: readonly V[],
    summary?: Summary<V, S>,
  ): OrderedMap<V, S> {
    const map = new OrderedMap<V, S>(summary);
    if (keys.length === 0) return map;
    let level = pack(keys, (part, at): Packed<V, S> => {
      const own = values.slice(at, at + part.length);
      return {
        low: part[0] as string,
        node: { leaf: true, keys: part, values: own, sum: undefined },
      };
    });
    while (level.length > 1) {
      level = pack(level, (part): Packed<V, S> => {
        const keys = part.slice(1).map(({ low }) => low);
        const children = part.map(({ node }) => node);
        const { low } = part[0] as Packed<V, S>;
        return { low, node: { leaf: false, keys, children, sum: undefined } };
      });
    }
    map.#root = (level[0] as Packed<V, S>).node;
    map.#size = keys.length;
    return map;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    let node = this.#root;
    while (!node.leaf) node = node.children[firstAbove(node.keys, key)] as Node<V, S>;
    const index = firstNotBelow(node.keys, key);
    return node.keys[index] === key ? node.values[index] : undefined;
  }

  set(key: string, value: V): void {
    const split = this.#insert(this.#root, key, value);
    if (split === undefined) return;
    const children = [this.#root, split.right];
    this.#root = { leaf: false, keys: [split.key], children, sum: undefined };
  }

  delete(key: string): boolean {
    const before = this.#size;
    this.#remove(this.#root, key);
    while (!this.#root.leaf && this.#root.children.length === 1) {
      this.#root = this.#root.children[0] as Node<V, S>;
    }
    return this.#size < before;
  }

  /** What the key's value contributes to sums has changed. */
  touch(key: string): void {
    let node = this.#root;
    for (; !node.leaf; node = node.children[firstAbove(node.keys, key)] as Node<V, S>) {
      node.sum = undefined;
    }
    node.sum = undefined;
  }

  clear(): void {
    this.#root = { leaf: true, keys: [], values: [], sum: undefined };
    this.#size = 0;
  }

  /**
   * Calls `visit` for the entries of [low, high) in order, or from `low` on where `high` is
   * undefined, until it returns false. The map must not change meanwhile.
   */
  walk(low: string, high: string | undefined, visit: (value: V, key: string) => boolean): void {
    walkNode(this.#root, low, high, visit);
  }

  /**
   * Goes over [low, high) as `walk` does, but offers the sum of each part that lies wholly in it to
   * `whole`, and visits what is in that part only where it answers false.
   */
  survey(
    low: string,
    high: string | undefined,
    whole: (sum: S) => boolean,
    visit: (value: V) => void,
  ): void {
    this.#survey(this.#root, low === '' ? undefined : low, high, whole, visit);
  }

  /** A bound is undefined where all of the node is known to lie within it. */
  #survey(
    node: Node<V, S>,
    low: string | undefined,
    high: string | undefined,
    whole: (sum: S) => boolean,
    visit: (value: V) => void,
  ): void {
    if (low === undefined && high === undefined && whole(this.#sumOf(node))) return;
    if (node.leaf) {
      const end = high === undefined ? node.keys.length : firstNotBelow(node.keys, high);
      const start = low === undefined ? 0 : firstNotBelow(node.keys, low);
      for (let i = start; i < end; i++) visit(node.values[i] as V);
      return;
    }
    const first = low === undefined ? 0 : firstAbove(node.keys, low);
    for (let i = first; i < node.children.length; i++) {
      const above = node.keys[i];
      const inside = high === undefined || (above !== undefined && above <= high);
      const child = node.children[i] as Node<V, S>;
      this.#survey(child, i === first ? low : undefined, inside ? undefined : high, whole, visit);
      if (!inside) return;
    }
  }

  #sumOf(node: Node<V, S>): S {
    const summary = must(this.#summary, 'a surveyed map was made with a summary');
    node.sum ??= node.leaf
      ? summary.of(node.values)
      : summary.join(node.children.map((child) => this.#sumOf(child)));
    return node.sum;
  }

  #insert(node: Node<V, S>, key: string, value: V): { key: string; right: Node<V, S> } | undefined {
    node.sum = undefined;
    if (node.leaf) {
      const index = firstNotBelow(node.keys, key);
      if (node.keys[index] === key) {
        node.values[index] = value;
        return undefined;
      }
      node.keys.splice(index, 0, key);
      node.values.splice(index, 0, value);
      this.#size++;
      if (node.keys.length <= capacity) return undefined;
      const at = splitPoint(node.keys.length, index);
      const right: Leaf<V, S> = {
        leaf: true,
        keys: node.keys.splice(at),
        values: node.values.splice(at),
        sum: undefined,
      };
      return { key: right.keys[0] as string, right };
    }
    const index = firstAbove(node.keys, key);
    const split = this.#insert(node.children[index] as Node<V, S>, key, value);
    if (split === undefined) return undefined;
    node.keys.splice(index, 0, split.key);
    node.children.splice(index + 1, 0, split.right);
    if (node.children.length <= capacity) return undefined;
    const at = splitPoint(node.children.length, index + 1);
    const right: Branch<V, S> = {
      leaf: false,
      keys: node.keys.splice(at),
      children: node.children.splice(at),
      sum: undefined,
    };
    return { key: node.keys.pop() as string, right };
  }

  #remove(node: Node<V, S>, key: string): void {
    node.sum = undefined;
    if (node.leaf) {
      const index = firstNotBelow(node.keys, key);
      if (node.keys[index] !== key) return;
      node.keys.splice(index, 1);
      node.values.splice(index, 1);
      this.#size--;
      return;
    }
    const index = firstAbove(node.keys, key);
    const child = node.children[index] as Node<V, S>;
    this.#remove(child, key);
    if (weight(child) > capacity / 4) return;
    if (index > 0) mergeIfSmall(node, index - 1);
    else if (node.children.length > 1) mergeIfSmall(node, 0);
  }
}

/** A subtree and its smallest key. */
interface Packed<V, S> {
  readonly low: string;
  readonly node: Node<V, S>;
}

/** In parts of three quarters of a node, to leave room for insertions. */
function pack<T, R>(items: readonly T[], make: (part: T[], at: number) => R): R[] {
  const size = (capacity * 3) / 4;
  const parts: R[] = [];
  for (let at = 0; at < items.length; at += size) parts.push(make(items.slice(at, at + size), at));
  return parts;
}

function weight<V, S>(node: Node<V, S>): number {
  return node.leaf ? node.keys.length : node.children.length;
}

/** Joins two neighbours unless that would leave a node about to split again. */
function mergeIfSmall<V, S>(parent: Branch<V, S>, index: number): void {
  const left = parent.children[index] as Node<V, S>;
  const right = parent.children[index + 1] as Node<V, S>;
  if (weight(left) + weight(right) > (capacity * 3) / 4) return;
  left.sum = undefined;
  if (left.leaf && right.leaf) {
    left.keys.push(...right.keys);
    left.values.push(...right.values);
  } else if (!left.leaf && !right.leaf) {
    left.keys.push(parent.keys[index] as string, ...right.keys);
    left.children.push(...right.children);
  }
  parent.keys.splice(index, 1);
  parent.children.splice(index + 1, 1);
}

/** In the middle; but a run of ascending insertions leaves full nodes behind, not half-full ones. */
function splitPoint(length: number, inserted: number): number {
  return inserted === length - 1 ? length - 1 : length >>> 1;
}

function walkNode<V, S>(
  node: Node<V, S>,
  low: string,
  high: string | undefined,
  visit: (value: V, key: string) => boolean,
): boolean {
  if (!node.leaf) {
    for (let i = firstAbove(node.keys, low); i < node.children.length; i++) {
      if (!walkNode(node.children[i] as Node<V, S>, low, high, visit)) return false;
    }
    return true;
  }
  for (let i = firstNotBelow(node.keys, low); i < node.keys.length; i++) {
    const key = node.keys[i] as string;
    if (high !== undefined && key >= high) return false;
    if (!visit(node.values[i] as V, key)) return false;
  }
  return true;
}

function firstNotBelow(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstAbove(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
