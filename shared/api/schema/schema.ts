/**
 * A structural schema: the part of OpenAPI v3 that a CustomResourceDefinition may use, so that
 * built-in kinds and kinds declared at run time are read by one walker. A graph, not a tree: equal
 * parts are shared.
 */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  /** Checked: `date-time`, `int32` and `quantity`. */
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  /** For server-side apply: a list is owned whole, item by item, or by the keys of its items. */
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  /** For server-side apply: `atomic` maps and objects are owned whole. */
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  /** Built-in kinds: an empty list or map, 0, false or "" is not written, as by Go's `omitempty`. */
  readonly 'x-omit-empty'?: boolean;
  /** What a key of a list's items is where it is not said. */
  readonly default?: unknown;
  /** For strategic merge patch: `merge`, `retainKeys` or both with a comma. */
  readonly 'x-kubernetes-patch-strategy'?: string;
  /** Tells the items of a list with the strategy `merge` apart; absent for scalars. */
  readonly 'x-kubernetes-patch-merge-key'?: string;
}
