import { QuorateError } from '#shared/base';
import { type ComponentFlags, componentFlags } from '#shared/client';
import {
  type Environment,
  type FlagValue,
  integerSetting,
  type NumberFlags,
  numberFlagNames,
  withNumbers,
} from '#shared/runtime';
import type { PodsListen } from './grpc/pods-service.ts';
import { type AgentConfig, defaultAgentConfig } from './config.ts';

/** An agent on its own, as its command line describes it. */
export interface AgentSettings extends Pick<ComponentFlags, 'servers' | 'tls'> {
  readonly nodeName: string;
  readonly dataDir: string;
  readonly listen: PodsListen;
  readonly config: AgentConfig;
}

const dayMs = 86_400_000;
const texts = [
  'node-name',
  'data-dir',
  'listen-host',
  'listen-port',
  'node-labels',
  'node-address',
  'mounts',
];

/** Numbers of the configuration that are flags: the flag's name, the least and the largest value. */
const numbers = {
  heartbeatMs: ['heartbeat-ms', 10, dayMs],
  leaseSeconds: ['node-lease-seconds', 1, 86_400],
  statusMs: ['status-ms', 100, dayMs],
  restartBackoffMs: ['restart-backoff-ms', 1, dayMs],
  restartBackoffMaxMs: ['restart-backoff-max-ms', 1, dayMs],
  restartBackoffResetMs: ['restart-backoff-reset-ms', 1, dayMs],
  logMaxBytes: ['log-max-bytes', 1024, 2 ** 40],
  logMaxFiles: ['log-max-files', 1, 100],
  podsMax: ['max-pods', 1, 253],
} as const satisfies NumberFlags<AgentConfig>;

/** What is set of the configuration, over the defaults of config.ts. */
export function agentConfig(value: FlagValue): AgentConfig {
  const config = withNumbers(defaultAgentConfig, numbers, value);
  const nodeAddress = value('node-address') ?? config.nodeAddress;
  const mounts = value('mounts') ?? config.mounts;
  if (mounts !== 'auto' && mounts !== 'off') {
    throw new QuorateError('bad-request', `--mounts ${mounts}: must be auto or off`);
  }
  return { ...config, nodeAddress, mounts, labels: parseLabels(value('node-labels') ?? '') };
}

/** Flags, else QUORATE_* variables, else the defaults of config.ts. */
export function parseFlags(args: readonly string[], env: Environment): AgentSettings {
  const own = [...texts, ...numberFlagNames(numbers)];
  const flags = componentFlags(args, env, own, ['stop-pods-on-exit']);
  const { servers, tls, value, required } = flags;
  return {
    servers,
    tls,
    nodeName: required('node-name'),
    dataDir: required('data-dir'),
    listen: {
      host: value('listen-host') ?? '127.0.0.1',
      port: integerSetting('--listen-port', value('listen-port') ?? '20250', 0, 65_535),
      ...(tls?.cert !== undefined && { tls: { ca: tls.ca, cert: tls.cert, key: tls.key ?? '' } }),
    },
    config: { ...agentConfig(value), stopPodsOnExit: flags.switchedOn('stop-pods-on-exit') },
  };
}

/** `zone=a,disk=ssd`. */
function parseLabels(text: string): Record<string, string> {
  const pairs = text === '' ? [] : text.split(',').map((pair) => pair.split(/=(.*)/s));
  return Object.fromEntries(pairs.map(([key = '', value = '']) => [key, value]));
}
