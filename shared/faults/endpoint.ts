import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { QuorateError } from '#shared/base';

/** Where the faults of a process are set, and the credential that its port wants. */
export interface FaultEndpoint {
  /** Of the process, as it calls itself. */
  readonly name: string;
  /** `host:port` on loopback, or `unix:` and a path. */
  readonly address: string;
  readonly token: string;
}

const fileName = 'faults.endpoint';

/** For the owner's eyes only: whoever can read it can break the process. */
export function writeEndpoint(dir: string, endpoint: FaultEndpoint): void {
  const file = join(dir, fileName);
  writeFileSync(`${file}.new`, `${JSON.stringify(endpoint)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeEndpoint(dir: string): void {
  rmSync(join(dir, fileName), { force: true });
}

/** Of the process whose data directory this is. */
export function readEndpoint(dir: string): FaultEndpoint {
  let endpoint: Partial<FaultEndpoint> = {};
  try {
    endpoint = JSON.parse(readFileSync(join(dir, fileName), 'utf8')) as Partial<FaultEndpoint>;
  } catch {
    // Said below.
  }
  const { name = '', address, token } = endpoint;
  if (typeof address === 'string' && typeof token === 'string') return { name, address, token };
  throw new QuorateError(
    'failed-precondition',
    `no process with faults enabled in ${dir}: start it with --enable-faults`,
  );
}
