import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf, QuorateError } from '#shared/base';
import type { ClientTls } from '#shared/rpc';
import { type Environment, type FlagValue, setting } from '#shared/runtime';

/** Who a component is, and how it knows the API servers. */
const identityFlags: readonly string[] = [
  'api-ca-file',
  'api-cert-file',
  'api-key-file',
  'api-token-file',
];

/** A component of the control plane that runs on its own, as its command line describes it. */
export interface ComponentFlags {
  /** API servers, `host:port`. */
  readonly servers: readonly string[];
  readonly tls: ClientTls | undefined;
  readonly value: FlagValue;
  /** As `value`; `bad-request` names a flag that is not set. */
  readonly required: (flag: string) => string;
  readonly switchedOn: (flag: string) => boolean;
}

/**
 * Flags, else QUORATE_* variables: those that every component has, and its `own`; `switches` have no
 * value. Throws `bad-request`.
 */
export function componentFlags(
  args: readonly string[],
  env: Environment,
  own: readonly string[],
  switches: readonly string[] = [],
): ComponentFlags {
  const given = parsed(args, ['servers', ...identityFlags, ...own], switches);
  const value = (flag: string): string | undefined => {
    const text = given[flag];
    return setting(`--${flag}`, typeof text === 'string' ? text : undefined, env);
  };
  const required = (flag: string): string => {
    const text = value(flag);
    if (text === undefined) throw new QuorateError('bad-request', `--${flag} is required`);
    return text;
  };
  return {
    servers: required('servers').split(','),
    tls: identityFromFlags(value),
    value,
    required,
    switchedOn: (flag) => given[flag] === true,
  };
}

function parsed(
  args: readonly string[],
  texts: readonly string[],
  switches: readonly string[],
): Readonly<Record<string, unknown>> {
  const text = texts.map((flag) => [flag, { type: 'string' as const }] as const);
  const boolean = switches.map((flag) => [flag, { type: 'boolean' as const }] as const);
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries([...text, ...boolean]) })
      .values;
  } catch (thrown) {
    throw new QuorateError('bad-request', messageOf(thrown));
  }
}

/**
 * What `identityFlags` say; undefined where none is set, which is for servers that speak clear text.
 * A token is read again for every call, since somebody renews it. Throws `bad-request`.
 */
function identityFromFlags(value: FlagValue): ClientTls | undefined {
  const read = (flag: string): string | undefined => {
    const path = value(flag);
    return path === undefined ? undefined : readIdentityFile(flag, path);
  };
  const [ca, cert, key] = identityFlags.map(read);
  const tokenFile = value('api-token-file');
  if (ca === undefined) {
    if (cert === undefined && key === undefined && tokenFile === undefined) return undefined;
    throw new QuorateError('bad-request', '--api-ca-file is required to know the API servers by');
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new QuorateError('bad-request', '--api-cert-file and --api-key-file go together');
  }
  const token = (): string => readIdentityFile('api-token-file', tokenFile ?? '').trim();
  return { ca, cert, key, ...(tokenFile !== undefined && { token }) };
}

function readIdentityFile(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    const why = messageOf(thrown);
    throw new QuorateError('bad-request', `--${flag}: ${why}`);
  }
}
