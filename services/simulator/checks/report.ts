import { BrokenPromise } from '#shared/checks';

export type VerdictKind = 'crash' | 'safety' | 'liveness';

export interface Finding {
  readonly kind: VerdictKind;
  /** Which checker found it. */
  readonly checker: string;
  readonly text: string;
  readonly atMs: number;
}

/**
 * Keeps what checkers find. They are called from within the code they watch, which must not get
 * their exceptions: it would take them for its own.
 */
export class Report {
  readonly findings: Finding[] = [];
  readonly #now: () => number;
  readonly #found: () => void;

  constructor(now: () => number, found: () => void) {
    this.#now = now;
    this.#found = found;
  }

  find(kind: VerdictKind, checker: string, text: string): void {
    this.findings.push({ kind, checker, text, atMs: Math.round(this.#now()) });
    this.#found();
  }

  /** Runs a checker. `kind`: of a promise that it finds broken. */
  check(checker: string, look: () => void, kind: VerdictKind = 'safety'): void {
    try {
      look();
    } catch (thrown) {
      const violated = thrown instanceof BrokenPromise;
      const text =
        thrown instanceof Error ? (violated ? thrown.message : `${thrown.stack}`) : String(thrown);
      this.find(
        violated ? kind : 'crash',
        violated ? checker : `${checker} (checker failed)`,
        text,
      );
    }
  }
}
