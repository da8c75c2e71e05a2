import { parseArgs } from 'node:util';
import { QuorateError } from '#shared/base';
import { type Environment, integerSetting, setting } from '#shared/runtime';
import { type SchedulerConfig, defaultSchedulerConfig } from './config.ts';

/** A scheduler on its own, as its command line describes it. */
export interface SchedulerSettings {
  /** API servers, `host:port`. */
  readonly servers: readonly string[];
  readonly config: SchedulerConfig;
}

const dayMs = 86_400_000;

/** For each setting its flag, the least and the largest value. */
const numbers = {
  leaseSeconds: ['lease-seconds', 2, 3_600],
  podInitialBackoffMs: ['pod-initial-backoff-ms', 1, dayMs],
  podMaxBackoffMs: ['pod-max-backoff-ms', 1, dayMs],
  unschedulableFlushMs: ['unschedulable-flush-ms', 10, dayMs],
} as const satisfies Partial<Record<keyof SchedulerConfig, readonly [string, number, number]>>;

/** Flags, else QUORATE_* variables, else the defaults of config.ts. */
export function parseFlags(args: readonly string[], env: Environment): SchedulerSettings {
  const flags = ['servers', 'scheduler-name', ...Object.values(numbers).map(([flag]) => flag)];
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(flags.map((flag) => [flag, { type: 'string' as const }])),
  });
  const value = (flag: string): string | undefined => setting(`--${flag}`, values[flag], env);
  const servers = value('servers');
  if (servers === undefined) throw new QuorateError('bad-request', '--servers is required');
  const schedulerName = value('scheduler-name') ?? defaultSchedulerConfig.schedulerName;
  const config = { ...defaultSchedulerConfig, schedulerName };
  for (const [key, [flag, min, max]] of Object.entries(numbers)) {
    const text = value(flag);
    if (text === undefined) continue;
    Object.assign(config, { [key]: integerSetting(`--${flag}`, text, min, max) });
  }
  return { servers: servers.split(','), config };
}
