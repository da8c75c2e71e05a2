/** Entries a node holds at most; half of it after a split. Chosen by measurement. */
const capacity = 64;

interface Leaf<V> {
  readonly leaf: true;
  readonly keys: string[];
  readonly values: V[];
}

interface Branch<V> {
  readonly leaf: false;
  /** `keys[i]` is at most the smallest key below `children[i + 1]` and above all before it. */
  readonly keys: string[];
  readonly children: Node<V>[];
}

type Node<V> = Leaf<V> | Branch<V>;

/**
 * A map whose keys are in order (of their UTF-16 code units): a B+ tree. Lookup, insertion and
 * removal take O(log n); walking takes O(1) an entry.
 */
export class OrderedMap<V> {
  #root: Node<V> = { leaf: true, keys: [], values: [] };
  #size = 0;

  /** Of entries whose keys ascend strictly: far faster than setting them one by one. */
  static fromSorted<V>(entries: readonly (readonly [string, V])[]): OrderedMap<V> {
    const map = new OrderedMap<V>();
    if (entries.length === 0) return map;
    let level = pack(entries, (part): Packed<V> => {
      const keys = part.map(([key]) => key);
      const values = part.map(([, value]) => value);
      return { low: keys[0] as string, node: { leaf: true, keys, values } };
    });
    while (level.length > 1) {
      level = pack(level, (part): Packed<V> => {
        const keys = part.slice(1).map(({ low }) => low);
        const children = part.map(({ node }) => node);
        return { low: (part[0] as Packed<V>).low, node: { leaf: false, keys, children } };
      });
    }
    map.#root = (level[0] as Packed<V>).node;
    map.#size = entries.length;
    return map;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    let node = this.#root;
    while (!node.leaf) node = node.children[firstAbove(node.keys, key)] as Node<V>;
    const index = firstNotBelow(node.keys, key);
    return node.keys[index] === key ? node.values[index] : undefined;
  }

  set(key: string, value: V): void {
    const split = this.#insert(this.#root, key, value);
    if (split === undefined) return;
    this.#root = { leaf: false, keys: [split.key], children: [this.#root, split.right] };
  }

  delete(key: string): boolean {
    const before = this.#size;
    this.#remove(this.#root, key);
    while (!this.#root.leaf && this.#root.children.length === 1) {
      this.#root = this.#root.children[0] as Node<V>;
    }
    return this.#size < before;
  }

  clear(): void {
    this.#root = { leaf: true, keys: [], values: [] };
    this.#size = 0;
  }

  /**
   * Calls `visit` for the entries of [low, high) in order, or from `low` on where `high` is
   * undefined, until it returns false. The map must not change meanwhile.
   */
  walk(low: string, high: string | undefined, visit: (value: V, key: string) => boolean): void {
    walkNode(this.#root, low, high, visit);
  }

  #insert(node: Node<V>, key: string, value: V): { key: string; right: Node<V> } | undefined {
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
      const right: Leaf<V> = {
        leaf: true,
        keys: node.keys.splice(at),
        values: node.values.splice(at),
      };
      return { key: right.keys[0] as string, right };
    }
    const index = firstAbove(node.keys, key);
    const split = this.#insert(node.children[index] as Node<V>, key, value);
    if (split === undefined) return undefined;
    node.keys.splice(index, 0, split.key);
    node.children.splice(index + 1, 0, split.right);
    if (node.children.length <= capacity) return undefined;
    const at = splitPoint(node.children.length, index + 1);
    const right: Branch<V> = {
      leaf: false,
      keys: node.keys.splice(at),
      children: node.children.splice(at),
    };
    return { key: node.keys.pop() as string, right };
  }

  #remove(node: Node<V>, key: string): void {
    if (node.leaf) {
      const index = firstNotBelow(node.keys, key);
      if (node.keys[index] !== key) return;
      node.keys.splice(index, 1);
      node.values.splice(index, 1);
      this.#size--;
      return;
    }
    const index = firstAbove(node.keys, key);
    const child = node.children[index] as Node<V>;
    this.#remove(child, key);
    if (weight(child) > capacity / 4) return;
    if (index > 0) mergeIfSmall(node, index - 1);
    else if (node.children.length > 1) mergeIfSmall(node, 0);
  }
}

/** A subtree and its smallest key. */
interface Packed<V> {
  readonly low: string;
  readonly node: Node<V>;
}

/** In parts of three quarters of a node, to leave room for insertions. */
function pack<T, R>(items: readonly T[], make: (part: readonly T[]) => R): R[] {
  const size = (capacity * 3) / 4;
  const parts: R[] = [];
  for (let at = 0; at < items.length; at += size) parts.push(make(items.slice(at, at + size)));
  return parts;
}

function weight<V>(node: Node<V>): number {
  return node.leaf ? node.keys.length : node.children.length;
}

/** Joins two neighbours unless that would leave a node about to split again. */
function mergeIfSmall<V>(parent: Branch<V>, index: number): void {
  const left = parent.children[index] as Node<V>;
  const right = parent.children[index + 1] as Node<V>;
  if (weight(left) + weight(right) > (capacity * 3) / 4) return;
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

function walkNode<V>(
  node: Node<V>,
  low: string,
  high: string | undefined,
  visit: (value: V, key: string) => boolean,
): boolean {
  if (!node.leaf) {
    for (let i = firstAbove(node.keys, low); i < node.children.length; i++) {
      if (!walkNode(node.children[i] as Node<V>, low, high, visit)) return false;
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
