import type { KubeObject } from '#shared/api';

/** What stands between a request and the store beyond a kind's own rules: see admission. */
export interface Gate {
  /** A new object as it was sent, with its namespace: what to go on with instead. */
  mutate(object: KubeObject): Promise<KubeObject>;
  /** What is to be stored (undefined: a delete), and what is there. Throws `forbidden`. */
  validate(object: KubeObject | undefined, old: KubeObject | undefined): Promise<void>;
}

/** Options of a write with what it has to pass; the server's own writes have none. */
export interface Gated {
  readonly gate?: Gate | undefined;
}
