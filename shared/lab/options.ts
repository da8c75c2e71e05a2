/** Whose certificates a store elsewhere shows, and what it is shown. */
export interface StoreTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface LabOptions {
  /** 1 to 9; default 3. */
  readonly masters?: number | undefined;
  /** 0 to 9; default 2. */
  readonly workers?: number | undefined;
  /** URLs of an etcd to keep all state in; default: the masters' own store. */
  readonly storeEndpoints?: readonly string[] | undefined;
  /** Paths of PEM files, for https. */
  readonly storeTls?: StoreTls | undefined;
  /** Its processes can be broken on purpose. Default false; in `quorate/testing` true. */
  readonly faults?: boolean | undefined;
}
