import { parseArgs } from 'node:util';
import { QuorateError } from '#shared/base';
import { identityFlags, identityFromFlags } from '#shared/client';
import type { ClientTls } from '#shared/rpc';
import { type Environment, integerSetting, setting } from '#shared/runtime';
import { defaultProxyConfig, type ProxyConfig } from './config.ts';

/** A proxy on its own, as its command line describes it. */
export interface ProxySettings {
  readonly servers: readonly string[];
  readonly tls: ClientTls | undefined;
  readonly nodeName: string;
  readonly config: ProxyConfig;
}

/** Flags, else QUORATE_* variables, else the defaults of config.ts. */
export function parseFlags(args: readonly string[], env: Environment): ProxySettings {
  const flags = ['servers', ...identityFlags, 'node-name', 'lock-host', 'lock-port', 'drain-ms'];
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(flags.map((flag) => [flag, { type: 'string' as const }])),
  });
  const value = (flag: string): string | undefined => setting(`--${flag}`, values[flag], env);
  const integer = (flag: string, absent: number, max: number): number =>
    integerSetting(`--${flag}`, value(flag) ?? String(absent), 0, max);
  const servers = value('servers');
  if (servers === undefined) throw new QuorateError('bad-request', '--servers is required');
  return {
    servers: servers.split(','),
    tls: identityFromFlags(value),
    nodeName: value('node-name') ?? '',
    config: {
      ...defaultProxyConfig,
      lockHost: value('lock-host') ?? defaultProxyConfig.lockHost,
      lockPort: integer('lock-port', defaultProxyConfig.lockPort, 65_535),
      drainMs: integer('drain-ms', defaultProxyConfig.drainMs, 86_400_000),
    },
  };
}
