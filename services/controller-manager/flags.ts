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
import { type ControllerManagerConfig, defaultControllerManagerConfig } from './config.ts';

/** A controller manager on its own, as its command line describes it. */
export interface ControllerManagerSettings {
  /** API servers, `host:port`. */
  readonly servers: readonly string[];
  readonly tls: ClientTls | undefined;
  readonly config: ControllerManagerConfig;
}

const dayMs = 86_400_000;

/** For each setting its flag, the least and the largest value. */
const numbers = {
  leaseSeconds: ['leader-elect-lease-seconds', 2, 3_600],
  nodeMonitorPeriodMs: ['node-monitor-period-ms', 10, dayMs],
  nodeMonitorGracePeriodMs: ['node-monitor-grace-period-ms', 10, dayMs],
  podEvictionTimeoutMs: ['pod-eviction-timeout-ms', 0, dayMs],
  podGcPeriodMs: ['pod-gc-period-ms', 10, dayMs],
  jobBackoffMs: ['job-backoff-ms', 10, dayMs],
  autoscalerPeriodMs: ['autoscaler-period-ms', 100, dayMs],
} as const satisfies Required<NumberFlags<ControllerManagerConfig>>;

/** What is set of the configuration, over the defaults of config.ts. */
export function controllerManagerConfig(value: FlagValue): ControllerManagerConfig {
  return withNumbers(defaultControllerManagerConfig, numbers, value);
}

/** Flags, else QUORATE_* variables, else the defaults of config.ts. */
export function parseFlags(args: readonly string[], env: Environment): ControllerManagerSettings {
  const flags = ['servers', ...identityFlags, ...Object.values(numbers).map(([flag]) => flag)];
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(flags.map((flag) => [flag, { type: 'string' as const }])),
  });
  const value = (flag: string): string | undefined => setting(`--${flag}`, values[flag], env);
  const servers = value('servers');
  if (servers === undefined) throw new QuorateError('bad-request', '--servers is required');
  const tls = identityFromFlags(value);
  return { servers: servers.split(','), tls, config: controllerManagerConfig(value) };
}
