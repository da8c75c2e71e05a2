import { type ComponentFlags, componentFlags } from '#shared/client';
import {
  type Environment,
  type FlagValue,
  type NumberFlags,
  numberFlagNames,
  withNumbers,
} from '#shared/runtime';
import { type SchedulerConfig, defaultSchedulerConfig } from './config.ts';

/** A scheduler on its own, as its command line describes it. */
export interface SchedulerSettings extends Pick<ComponentFlags, 'servers' | 'tls'> {
  readonly config: SchedulerConfig;
}

const dayMs = 86_400_000;

/** For each setting its flag, the least and the largest value. */
const numbers = {
  leaseSeconds: ['leader-elect-lease-seconds', 2, 3_600],
  podInitialBackoffMs: ['pod-initial-backoff-ms', 1, dayMs],
  podMaxBackoffMs: ['pod-max-backoff-ms', 1, dayMs],
  unschedulableFlushMs: ['unschedulable-flush-ms', 10, dayMs],
} as const satisfies NumberFlags<SchedulerConfig>;

/** What is set of the configuration, over the defaults of config.ts. */
export function schedulerConfig(value: FlagValue): SchedulerConfig {
  const schedulerName = value('scheduler-name') ?? defaultSchedulerConfig.schedulerName;
  return withNumbers({ ...defaultSchedulerConfig, schedulerName }, numbers, value);
}

/** Flags, else QUORATE_* variables, else the defaults of config.ts. */
export function parseFlags(args: readonly string[], env: Environment): SchedulerSettings {
  const { servers, tls, value } = componentFlags(args, env, [
    'scheduler-name',
    ...numberFlagNames(numbers),
  ]);
  return { servers, tls, config: schedulerConfig(value) };
}
