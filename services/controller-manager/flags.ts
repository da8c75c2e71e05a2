import { type ComponentFlags, componentFlags } from '#shared/client';
import {
  type Environment,
  type FlagValue,
  type NumberFlags,
  numberFlagNames,
  withNumbers,
} from '#shared/runtime';
import { type ControllerManagerConfig, defaultControllerManagerConfig } from './config.ts';

/** A controller manager on its own, as its command line describes it. */
export interface ControllerManagerSettings extends Pick<ComponentFlags, 'servers' | 'tls'> {
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
  const { servers, tls, value } = componentFlags(args, env, numberFlagNames(numbers));
  return { servers, tls, config: controllerManagerConfig(value) };
}
