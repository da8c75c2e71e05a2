import type { Clock } from '#shared/clock';
import type { Caller } from './caller.ts';
import type { TokenProvider } from './tokens.ts';

export interface SimpleTokensOptions {
  readonly clock: Clock;
  /** Without use. Default in etcd: 300. */
  readonly ttlSeconds: number;
  /** A number below `max`, that nobody can guess. */
  readonly randomInt: (max: number) => number;
  /** Index of the log's last entry that was applied here. */
  readonly appliedIndex: () => number;
  /** Resolves once everything that was committed before is applied here. */
  readonly caughtUp: () => Promise<void>;
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const prefixLength = 16;
/** More than that, and those that were not used for longest go. */
const maxTokens = 100_000;

interface Assigned {
  readonly user: string;
  readonly untilMs: number;
}

/**
 * etcd's simple tokens: random letters, a dot, and the index of the log's entry that made them. All
 * members know all of them, in memory, and each forgets what was not used here for a while.
 */
export class SimpleTokens implements TokenProvider {
  readonly #options: SimpleTokensOptions;
  /** Whatever was used is put at the end: what expires next is in front. */
  readonly #tokens = new Map<string, Assigned>();

  constructor(options: SimpleTokensOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#tokens.size;
  }

  issue(
    _user: string,
    _authRevision: number,
    replicate: (prefix: string) => Promise<string>,
  ): Promise<string> {
    const letter = (): string => letters.charAt(this.#options.randomInt(letters.length));
    return replicate(Array.from({ length: prefixLength }, letter).join(''));
  }

  assign(token: string, user: string): void {
    this.#forgetExpired();
    this.#use(token, user);
    if (this.#tokens.size <= maxTokens) return;
    const [oldest] = this.#tokens.keys();
    if (oldest !== undefined) this.#tokens.delete(oldest);
  }

  invalidate(user: string): void {
    for (const [token, assigned] of this.#tokens) {
      if (assigned.user === user) this.#tokens.delete(token);
    }
  }

  invalidateAll(): void {
    this.#tokens.clear();
  }

  async recognize(token: string, authRevision: number): Promise<Caller | undefined> {
    const [, index = '', ...more] = token.split('.');
    if (more.length > 0 || !/^\d{1,16}$/.test(index)) return undefined;
    // Another member gave it out a moment ago: it was committed by then.
    if (Number(index) > this.#options.appliedIndex()) await this.#options.caughtUp();
    this.#forgetExpired();
    const user = this.#tokens.get(token)?.user;
    if (user === undefined) return undefined;
    this.#use(token, user);
    return { user, authRevision };
  }

  #use(token: string, user: string): void {
    const { clock, ttlSeconds } = this.#options;
    this.#tokens.delete(token);
    this.#tokens.set(token, { user, untilMs: clock.monotonic() + ttlSeconds * 1000 });
  }

  #forgetExpired(): void {
    const now = this.#options.clock.monotonic();
    for (const [token, { untilMs }] of this.#tokens) {
      if (untilMs > now) return;
      this.#tokens.delete(token);
    }
  }
}
