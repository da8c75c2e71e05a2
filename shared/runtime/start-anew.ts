import type { Environment } from './config.ts';

/** What V8 and the C library are told when a process starts, and never later. */
export interface StartSettings {
  /** Of Node.js, by name, with two dashes. */
  readonly flags: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

/** The part of `process` that is needed; `execve` is POSIX's, where Node.js has it. */
export type ReplaceableProcess = Pick<
  NodeJS.Process,
  'argv' | 'env' | 'execArgv' | 'execPath' | 'execve'
>;

/**
 * The same process with these settings: the same program begins once more in its place, with its pid and its
 * standard streams. Returns where nothing is missing, and where Node.js cannot. To be called before anything is
 * opened or begun. What whoever started it has chosen stays.
 */
export function startAnew(host: ReplaceableProcess, settings: StartSettings): void {
  const lacking = lackingSettings(host, settings);
  if (!lacking || !host.execve) return;
  const { execPath, execArgv, argv } = host;
  const args = [execPath, ...execArgv, ...lacking.flags, ...argv.slice(1)];
  host.execve(execPath, args, { ...host.env, ...lacking.env });
}

/** Undefined where nothing is missing: then it has begun anew already, or need not. */
export function lackingSettings(
  { execArgv, env }: { readonly execArgv: readonly string[]; readonly env: Environment },
  settings: StartSettings,
): { readonly flags: string[]; readonly env: Record<string, string> } | undefined {
  const given = [...execArgv, ...(env['NODE_OPTIONS'] ?? '').split(/\s+/)].map(
    // V8's own way to write them.
    (flag) => flag.replace(/=.*/, '').replaceAll('_', '-'),
  );
  const flags = Object.entries(settings.flags).filter(([flag]) => !given.includes(flag));
  const variables = Object.entries(settings.env).filter(([name]) => env[name] === undefined);
  if (flags.length === 0 && variables.length === 0) return undefined;
  return {
    flags: flags.map(([flag, value]) => `${flag}=${value}`),
    env: Object.fromEntries(variables),
  };
}
