import type { Caller } from './caller.ts';

/** What applying commands does to tokens: they are no part of the replicated state. */
export interface Tokens {
  assign(token: string, user: string): void;
  /** Whoever has changed the password, or gone, must authenticate again. */
  invalidate(user: string): void;
  invalidateAll(): void;
}

/** One kind of tokens: gives them out, and recognizes callers by them. */
export interface TokenProvider extends Tokens {
  /**
   * A token for a user whose password was right at `authRevision`. Where every member is to know the
   * token, `replicate` makes it of its beginning, on all of them.
   */
  issue(
    user: string,
    authRevision: number,
    replicate: (prefix: string) => Promise<string>,
  ): Promise<string>;
  /** Undefined: no such token, or not any more. `authRevision` is the current one. */
  recognize(token: string, authRevision: number): Promise<Caller | undefined>;
}
