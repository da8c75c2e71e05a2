import { BrokenPromise } from '#shared/checks';

/** Clocks that drift, and a member that is slow to look. */
const slack = 1.3;

/** Tokens are known where they were given out, and elsewhere, as long as somebody shows them there, and no longer. */
export class TokenTimes {
  readonly #goodMs: number;
  /** When each was given out first. */
  readonly #givenMs = new Map<string, number>();

  constructor(goodSeconds: number) {
    this.#goodMs = goodSeconds * 1000;
  }

  /** Of a member. */
  life(): TokenLife {
    return new TokenLife(this.#goodMs, this.#givenMs);
  }
}

class TokenLife {
  readonly #goodMs: number;
  readonly #givenMs: Map<string, number>;
  /** When each was given out here, or known. */
  readonly #lastMs = new Map<string, number>();
  /** When somebody began to show one that was not known then. */
  readonly #refusedMs = new Map<string, number>();

  constructor(goodMs: number, givenMs: Map<string, number>) {
    this.#goodMs = goodMs;
    this.#givenMs = givenMs;
  }

  given(token: string, nowMs: number): void {
    this.#lastMs.set(token, nowMs);
    const firstMs = this.#givenMs.get(token) ?? nowMs;
    this.#givenMs.set(token, firstMs);
    const refusedMs = this.#refusedMs.get(token) ?? 0;
    if (refusedMs <= firstMs) return;
    throw new BrokenPromise(
      `token ${token}, given out at ${Math.round(firstMs)} ms, was not known at ${Math.round(refusedMs)} ms, and is now`,
    );
  }

  refused(token: string, askedMs: number): void {
    this.#refusedMs.set(token, askedMs);
  }

  known(token: string, nowMs: number): void {
    const unusedMs = nowMs - (this.#lastMs.get(token) ?? nowMs);
    this.#lastMs.set(token, nowMs);
    if (unusedMs <= slack * this.#goodMs) return;
    throw new BrokenPromise(
      `token ${token} is known after ${Math.round(unusedMs)} ms in which nobody showed it; it is good for ${this.#goodMs} ms`,
    );
  }
}
