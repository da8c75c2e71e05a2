import { createRng, must, type Rng } from '#shared/base';

interface Node<T> {
  readonly low: string;
  readonly high: string;
  readonly items: Set<T>;
  readonly priority: number;
  /** The highest `high` in this subtree. */
  maxHigh: string;
  left: Node<T> | undefined;
  right: Node<T> | undefined;
}

/**
 * Items on intervals [low, high) of strings; finds the items whose interval holds a point in
 * O(log n + intervals found). Equal intervals share one node, however many items are on them.
 * A treap by (low, high), each node knowing the highest end below it.
 */
export class IntervalIndex<T> {
  #root: Node<T> | undefined = undefined;
  /** Only the tree's shape depends on it, nothing that can be seen. */
  readonly #rng: Rng = createRng(1);

  add(low: string, high: string, item: T): void {
    const node = this.#find(low, high);
    if (node !== undefined) {
      node.items.add(item);
      return;
    }
    const priority = this.#rng.next();
    const items = new Set([item]);
    const added = { low, high, items, priority, maxHigh: high, left: undefined, right: undefined };
    this.#root = insert(this.#root, added);
  }

  remove(low: string, high: string, item: T): void {
    const node = must(this.#find(low, high), 'a removed item was added');
    node.items.delete(item);
    if (node.items.size === 0) this.#root = remove(this.#root, node);
  }

  /** Calls `visit` for each item whose interval holds `point`. */
  stab(point: string, visit: (item: T) => void): void {
    stab(this.#root, point, visit);
  }

  #find(low: string, high: string): Node<T> | undefined {
    let node = this.#root;
    while (node !== undefined) {
      const order = compare(low, high, node);
      if (order === 0) return node;
      node = order < 0 ? node.left : node.right;
    }
    return undefined;
  }
}

function compare<T>(low: string, high: string, node: Node<T>): number {
  if (low !== node.low) return low < node.low ? -1 : 1;
  if (high !== node.high) return high < node.high ? -1 : 1;
  return 0;
}

function insert<T>(root: Node<T> | undefined, added: Node<T>): Node<T> {
  if (root === undefined) return added;
  if (compare(added.low, added.high, root) < 0) {
    root.left = insert(root.left, added);
    return root.left.priority < root.priority ? rotateRight(root, root.left) : updated(root);
  }
  root.right = insert(root.right, added);
  return root.right.priority < root.priority ? rotateLeft(root, root.right) : updated(root);
}

function remove<T>(root: Node<T> | undefined, node: Node<T>): Node<T> | undefined {
  if (root === undefined || root === node) return merge(node.left, node.right);
  if (compare(node.low, node.high, root) < 0) root.left = remove(root.left, node);
  else root.right = remove(root.right, node);
  return updated(root);
}

/** All of `left` lies before all of `right`. */
function merge<T>(left: Node<T> | undefined, right: Node<T> | undefined): Node<T> | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  if (left.priority < right.priority) {
    left.right = merge(left.right, right);
    return updated(left);
  }
  right.left = merge(left, right.left);
  return updated(right);
}

function rotateRight<T>(root: Node<T>, left: Node<T>): Node<T> {
  root.left = left.right;
  left.right = updated(root);
  return updated(left);
}

function rotateLeft<T>(root: Node<T>, right: Node<T>): Node<T> {
  root.right = right.left;
  right.left = updated(root);
  return updated(right);
}

function updated<T>(node: Node<T>): Node<T> {
  let max = node.high;
  if (node.left !== undefined && node.left.maxHigh > max) max = node.left.maxHigh;
  if (node.right !== undefined && node.right.maxHigh > max) max = node.right.maxHigh;
  node.maxHigh = max;
  return node;
}

function stab<T>(root: Node<T> | undefined, point: string, visit: (item: T) => void): void {
  let node = root;
  while (node !== undefined && node.maxHigh > point) {
    stab(node.left, point, visit);
    if (node.low > point) return;
    if (node.high > point) for (const item of node.items) visit(item);
    node = node.right;
  }
}
