/** Small replicated values beside the keys, in the same batches. */
export interface MetaStore {
  putMeta(name: string, value: unknown): void;
  /** Undefined where there is none. */
  getMeta(name: string): unknown;
}
