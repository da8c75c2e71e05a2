import { parseArgs } from 'node:util';
import { QuorateError } from '#shared/base';
import { identityFlags, identityFromFlags } from '#shared/client';
import type { ClientTls } from '#shared/rpc';
import {
  type Environment,
  type FlagValue,
  type NumberFlags,
  setting,
  withNumbers,
} from '#shared/runtime';
import { type SchedulerConfig, defaultSchedulerConfig } from './config.ts';

/** A scheduler on its own, as its command line describes it. */
export interface SchedulerSettings {
  /** API servers, `host:port`. */
  readonly servers: readonly string[];
  readonly tls: ClientTls | undefined;
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
  const flags = [
    'servers',
    'scheduler-name',
    ...identityFlags,
    ...Object.values(numbers).map(([flag]) => flag),
  ];
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(flags.map((flag) => [flag, { type: 'string' as const }])),
  });
  const value = (flag: string): string | undefined => setting(`--${flag}`, values[flag], env);
  const servers = value('servers');
  if (servers === undefined) throw new QuorateError('bad-request', '--servers is required');
  const tls = identityFromFlags(value);
  return { servers: servers.split(','), tls, config: schedulerConfig(value) };
}
