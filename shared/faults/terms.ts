import { QuorateError, type Rng } from '#shared/base';

/** What a failpoint does when it is passed. */
export type Action =
  | { readonly type: 'off' }
  | { readonly type: 'panic' }
  | { readonly type: 'exit'; readonly code: number }
  | { readonly type: 'sleep'; readonly ms: number }
  | { readonly type: 'error'; readonly message: string }
  | { readonly type: 'return' };

interface Term {
  readonly action: Action;
  /** Undefined: for ever. */
  readonly count: number | undefined;
  /** 0 to 1. */
  readonly chance: number;
}

const syntax = /^(?:(\d+)\*)?(?:(\d+(?:\.\d+)?)%)?([a-z]+)(?:\((.*)\))?$/;

/** gofail's terms: `[count*][percent%]action[(argument)]`, joined by `->`. */
export function parseTerms(text: string): Term[] {
  return text.split('->').map((part) => {
    const [, count, percent, name = '', argument] = syntax.exec(part.trim()) ?? [];
    return {
      action: parseAction(name, argument, text),
      count: count === undefined ? undefined : Number(count),
      chance: percent === undefined ? 1 : Number(percent) / 100,
    };
  });
}

function parseAction(name: string, argument: string | undefined, text: string): Action {
  switch (name) {
    case 'off':
    case 'panic':
    case 'return':
      return { type: name };
    case 'exit':
      return { type: 'exit', code: Number(argument ?? 1) };
    case 'sleep': {
      const ms = Number(argument);
      if (Number.isFinite(ms) && ms >= 0 && ms <= 600_000) return { type: 'sleep', ms };
      break;
    }
    case 'error':
      return { type: 'error', message: (argument ?? 'failpoint').replace(/^"(.*)"$/, '$1') };
    default:
  }
  throw new QuorateError(
    'bad-request',
    `"${text}" is not what a failpoint can do: write panic, exit(CODE), sleep(MILLISECONDS), error("TEXT"), ` +
      'return or off, with COUNT* or PERCENT% before it, joined by ->',
  );
}

/** One failpoint's terms, as they are used up. */
export class TermRun {
  readonly #terms: readonly Term[];
  readonly #left: number[];

  constructor(text: string) {
    this.#terms = parseTerms(text);
    this.#left = this.#terms.map(({ count }) => count ?? Infinity);
  }

  /** What to do this time. */
  next(rng: Rng): Action {
    for (let i = 0; i < this.#terms.length; i++) {
      const term = this.#terms[i];
      const left = this.#left[i] ?? 0;
      if (!term || left <= 0) continue;
      if (term.chance < 1 && rng.next() >= term.chance) return { type: 'off' };
      this.#left[i] = left - 1;
      return term.action;
    }
    return { type: 'off' };
  }
}
