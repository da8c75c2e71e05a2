import type { Rng } from '#shared/base';
import { type ApiClient, fencedApi, runElected } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { defaultSchedulerConfig, type SchedulerConfig } from './config.ts';
import { SchedulingSession } from './session.ts';

export interface SchedulerOptions {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Unique per process instance. */
  readonly identity: string;
  /** Breaks ties between nodes. */
  readonly rng: Rng;
  readonly config?: Partial<SchedulerConfig> | undefined;
}

export interface Scheduler {
  /** Resolves at once: it takes part in the election from then on. */
  start(): Promise<void>;
  /** Ends the work and resigns, so that another one takes over without waiting. */
  stop(): Promise<void>;
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { api, clock, log, identity, rng } = options;
  const config = { ...defaultSchedulerConfig, ...options.config };
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  return {
    start() {
      const { leaseSeconds } = config;
      const election = 'kube-scheduler';
      const { signal } = stopping;
      running ??= runElected(
        { api, election, identity, leaseSeconds, clock, log, signal },
        (fence, lost) =>
          new SchedulingSession({ api: fencedApi(api, fence), clock, log, rng, config }).run(lost),
      );
      return Promise.resolve();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
