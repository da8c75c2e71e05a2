import type { Logger } from './log.ts';

/** What every part of a process is to the process: `start` resolves when it serves. */
export interface Service {
  start(): Promise<void>;
  /** Graceful: what is in flight finishes first. Safe to call once, also after a failed start. */
  stop(): Promise<void>;
}

/** The exit codes of every process of ours. */
export const exitCodes = {
  ok: 0,
  /** A wrong setting, a taken port, damaged data: starting again changes nothing. */
  failed: 1,
  /** Something nobody caught: a bug of ours. */
  crashed: 70,
  /** 128 + SIGINT: told to stop twice, so it went at once. */
  interrupted: 130,
} as const;

/** The part of `process` that a lifecycle needs; only a `main.ts` has the real one. */
export interface HostProcess {
  on(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  on(
    event: 'uncaughtException' | 'unhandledRejection',
    listener: (error: unknown) => void,
  ): unknown;
  exit(code: number): void;
}

/**
 * Runs one process from start to exit. Services start in order and stop in the opposite order,
 * once, on SIGTERM or SIGINT; a second signal exits at once. A failed start, and any error that
 * nobody caught, is logged and ends the process: a part in an unknown state must not go on.
 */
export async function runMain(
  host: HostProcess,
  log: Logger,
  build: () => Promise<readonly Service[]>,
): Promise<void> {
  const started: Service[] = [];
  let stopping = false;

  const stopAll = async (code: number): Promise<void> => {
    let exitCode = code;
    for (const service of started.toReversed()) {
      try {
        await service.stop();
      } catch (error) {
        log.error({ err: error }, 'a part did not stop cleanly');
        exitCode ||= exitCodes.failed;
      }
    }
    host.exit(exitCode);
  };

  const onSignal = (signal: string): void => {
    if (stopping) {
      log.warn({ signal }, 'told to stop again: exiting at once');
      host.exit(exitCodes.interrupted);
      return;
    }
    stopping = true;
    log.info({ signal }, 'stopping');
    void stopAll(exitCodes.ok);
  };
  const onBug = (error: unknown): void => {
    log.error({ err: error }, 'uncaught error: exiting');
    host.exit(exitCodes.crashed);
  };
  host.on('SIGTERM', () => onSignal('SIGTERM'));
  host.on('SIGINT', () => onSignal('SIGINT'));
  host.on('uncaughtException', onBug);
  host.on('unhandledRejection', onBug);

  try {
    for (const service of await build()) {
      if (stopping) return;
      started.push(service);
      await service.start();
    }
  } catch (error) {
    if (stopping) return;
    stopping = true;
    log.error({ err: error }, 'cannot start');
    await stopAll(exitCodes.failed);
  }
}
