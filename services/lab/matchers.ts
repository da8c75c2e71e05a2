import type { MatcherState } from 'vitest';
import {
  checkLinearizable,
  checkWatches,
  type LinearizabilityOptions,
  operationText,
} from '#shared/checks';
import type { Load } from '#shared/lab';
import type { RecordedHistory } from '#shared/workload';

interface Result {
  readonly pass: boolean;
  readonly message: () => string;
}

/**
 * For `expect.extend(matchers)`. vitest learns their types when `quorate/testing` is imported.
 */
export const matchers = {
  /** A history that some order of its operations explains. An undecided one does not pass. */
  toBeLinearizable(history: RecordedHistory, options: LinearizabilityOptions = {}): Result {
    const { initialRevision } = history;
    const verdict = checkLinearizable(history, { initialRevision, ...options });
    return {
      pass: verdict.outcome === 'linearizable',
      message: () => {
        const { reason = `${verdict.tried} states were tried`, window = [] } =
          verdict.violation ?? {};
        return [
          `the history of ${verdict.operations} operations is ${verdict.outcome}: ${reason}`,
          ...window.map(operationText),
        ].join('\n  ');
      },
    };
  },

  /** Every watch heard all there was, in order, each event once. */
  toKeepWatchGuarantees(this: MatcherState, history: RecordedHistory): Result {
    const verdict = checkWatches(history);
    return {
      pass: verdict.outcome === 'kept',
      message: () =>
        `${verdict.watches} watches over ${verdict.events} revisions: ${verdict.reason ?? 'guarantees kept'}`,
    };
  },

  /** A write that begins now is acknowledged within so many milliseconds. */
  async toRecoverWithin(load: Load, ms: number): Promise<Result> {
    const took = await load.recovery(ms).catch(() => undefined);
    return {
      pass: took !== undefined && took <= ms,
      message: () =>
        took === undefined
          ? `no write was acknowledged within ${ms} ms`
          : `writes came back after ${Math.round(took)} ms`,
    };
  },
};

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    toBeLinearizable(options?: LinearizabilityOptions): R;
    toKeepWatchGuarantees(): R;
    toRecoverWithin(ms: number): Promise<void>;
  }
}
