import { QuorateError, type Rng } from '#shared/base';
import {
  type ApiClient,
  createEventRecorder,
  createWorkQueue,
  type EventRecorder,
  type ReconcileResult,
  type WorkQueue,
} from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { ControllerManagerConfig } from './config.ts';
import type { SharedInformers } from './shared-informers.ts';

/** What every controller is built from, for one term of leading. */
export interface ControllerContext {
  /** Fenced: the writes of a deposed leader are refused. */
  readonly api: ApiClient;
  readonly informers: SharedInformers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rng: Rng;
  readonly config: ControllerManagerConfig;
}

export interface Controller {
  readonly name: string;
  /** Works until `signal` aborts; the informers are synced when this is called. */
  run(signal: AbortSignal): Promise<void>;
}

/** Registers its handlers with the informers when called. */
export type ControllerFactory = (context: ControllerContext) => Controller;

const workers = 5;

/** The usual controller: a queue of keys, and a reconcile that reads what is and writes what is missing. */
export function queuedController(
  name: string,
  queue: WorkQueue,
  reconcile: (key: string) => Promise<ReconcileResult>,
): Controller {
  return { name, run: (signal) => queue.run(workers, reconcile, signal) };
}

/** A queue that logs what fails: conflicts are everyday and only worth a word when they go on. */
export function controllerQueue({ clock, log }: ControllerContext, controller: string): WorkQueue {
  return createWorkQueue({
    clock,
    onError(key, thrown, failures) {
      const { code, message } = QuorateError.from(thrown);
      const fields = { controller, key, code, error: message, failures };
      const everyday = code === 'conflict' || code === 'unavailable' || code === 'fenced';
      if (everyday && failures < 5) log.debug(fields, 'reconcile failed');
      else log.warn(fields, 'reconcile failed');
    },
  });
}

export function recorderOf(
  { api, clock, log, rng }: ControllerContext,
  component: string,
): EventRecorder {
  return createEventRecorder({ api, clock, log, rng, component });
}

/** Does `step` every `periodMs` until `signal` aborts. A step that fails is logged and repeated. */
export async function everyPeriod(
  { clock, log }: ControllerContext,
  options: { controller: string; periodMs: number; signal: AbortSignal },
  step: () => Promise<void>,
): Promise<void> {
  const { controller, periodMs, signal } = options;
  while (!signal.aborted) {
    try {
      await step();
    } catch (thrown) {
      log.warn({ controller, error: QuorateError.from(thrown).message }, 'step failed');
    }
    // Aborted while waiting: the loop's condition ends it.
    await clock.sleep(periodMs, signal).catch(() => undefined);
  }
}
