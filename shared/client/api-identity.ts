import { readFileSync } from 'node:fs';
import { QuorateError } from '#shared/base';
import type { ClientTls } from '#shared/rpc';
import type { FlagValue } from '#shared/runtime';

/** The flags of a component that runs on its own: who it is, and how it knows the API servers. */
export const identityFlags: readonly string[] = [
  'api-ca-file',
  'api-cert-file',
  'api-key-file',
  'api-token-file',
];

/**
 * What `identityFlags` say; undefined where none is set, which is for servers that speak clear text.
 * A token is read again for every call, since somebody renews it. Throws `bad-request`.
 */
export function identityFromFlags(value: FlagValue): ClientTls | undefined {
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
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new QuorateError('bad-request', `--${flag}: ${why}`);
  }
}
