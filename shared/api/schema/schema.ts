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
}
