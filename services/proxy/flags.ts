import { type ComponentFlags, componentFlags } from '#shared/client';
import { type Environment, integerSetting } from '#shared/runtime';
import { defaultProxyConfig, type ProxyConfig } from './config.ts';

/** A proxy on its own, as its command line describes it. */
export interface ProxySettings extends Pick<ComponentFlags, 'servers' | 'tls'> {
  readonly nodeName: string;
  readonly config: ProxyConfig;
}

/** Flags, else QUORATE_* variables, else the defaults of config.ts. */
export function parseFlags(args: readonly string[], env: Environment): ProxySettings {
  const own = ['node-name', 'lock-host', 'lock-port', 'drain-ms'];
  const { servers, tls, value } = componentFlags(args, env, own);
  const integer = (flag: string, absent: number, max: number): number =>
    integerSetting(`--${flag}`, value(flag) ?? String(absent), 0, max);
  return {
    servers,
    tls,
    nodeName: value('node-name') ?? '',
    config: {
      ...defaultProxyConfig,
      lockHost: value('lock-host') ?? defaultProxyConfig.lockHost,
      lockPort: integer('lock-port', defaultProxyConfig.lockPort, 65_535),
      drainMs: integer('drain-ms', defaultProxyConfig.drainMs, 86_400_000),
    },
  };
}
