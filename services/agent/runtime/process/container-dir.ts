import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QuorateError } from '#shared/base';
import type { ContainerConfig, ContainerStatus } from '../runtime.ts';
import { isAlive, parseStartRecord, type StartRecord } from './process-table.ts';

/*
 * What is on disk is the truth, and every agent reads it the same way:
 *
 *   pods/<uid>/sandbox.json                   the sandbox and its address
 *   pods/<uid>/<container>/<attempt>/config.json   what to run; private, environments hold secrets
 *                                    /pid          who has started it, once and for all
 *                                    /exit         its exit code; the file's time is when
 *                                    /failure.json why it never ran
 *                                    /lost         its end was not seen; the file's time is when it was missed
 *                                    /log, log.1 … its output
 */

/** Where a container is and what it is called: the id is `<pod uid>.<name>.<attempt>`. */
export interface ContainerKey {
  readonly podSandboxId: string;
  readonly name: string;
  readonly attempt: number;
}

export const containerId = (key: ContainerKey): string =>
  `${key.podSandboxId}.${key.name}.${key.attempt}`;

export function parseContainerId(id: string): ContainerKey {
  const match = /^([A-Za-z0-9-]+)\.([a-z0-9-]+)\.(\d+)$/.exec(id);
  if (!match) throw new QuorateError('not-found', `container "${id}" not found`);
  const [, podSandboxId = '', name = '', attempt = ''] = match;
  return { podSandboxId, name, attempt: Number(attempt) };
}

/** Kubernetes' reason and message of a container that could not be run. */
export interface StartFailure {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
}

type Ending = Omit<ContainerStatus, keyof ContainerKey | 'id' | 'image' | 'createdAt'>;

export interface StoredContainer extends ContainerConfig {
  readonly createdAt: number;
}

export class ContainerDir {
  readonly path: string;
  readonly key: ContainerKey;

  constructor(podsDir: string, key: ContainerKey) {
    this.key = key;
    this.path = join(podsDir, key.podSandboxId, key.name, String(key.attempt));
  }

  get logPath(): string {
    return join(this.path, 'log');
  }

  async create(config: StoredContainer): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    await writeAtomically(join(this.path, 'config.json'), JSON.stringify(config));
  }

  async config(): Promise<StoredContainer> {
    const text = await readOptional(join(this.path, 'config.json'));
    if (text === undefined) {
      throw new QuorateError('not-found', `container "${containerId(this.key)}" not found`);
    }
    return JSON.parse(text) as StoredContainer;
  }

  async startRecord(): Promise<StartRecord | undefined> {
    const text = await readOptional(join(this.path, 'pid'));
    return text === undefined ? undefined : parseStartRecord(text);
  }

  /** Makes sure that this attempt never starts; false where it already has. */
  async revokeStart(failure: StartFailure): Promise<boolean> {
    await writeAtomically(join(this.path, 'failure.json'), JSON.stringify(failure));
    try {
      await writeFile(join(this.path, 'pid'), 'revoked\n', { flag: 'wx' });
      return true;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
      await rm(join(this.path, 'failure.json'), { force: true });
      return false;
    }
  }

  async status(bootId: string): Promise<ContainerStatus> {
    const config = await this.config();
    const base = {
      id: containerId(this.key),
      podSandboxId: this.key.podSandboxId,
      name: this.key.name,
      attempt: this.key.attempt,
      image: config.image,
      createdAt: config.createdAt,
    };
    const claimed = await modifiedAt(join(this.path, 'pid'));
    if (claimed === undefined) return { ...base, state: 'created' };
    const record = await this.startRecord();
    if (!record) return { ...base, ...(await this.#neverRan(claimed)) };
    const isOfThisBoot = record.bootId === bootId;
    // The shim lives a little longer than the command: until it has written the exit code down and
    // ended the rest of the group. Only then is the container's end complete.
    const isRunning =
      isOfThisBoot && ((await isAlive(record.shim)) || (await isAlive(record.command)));
    if (isRunning) return { ...base, startedAt: claimed, state: 'running' };
    return {
      ...base,
      startedAt: claimed,
      ...((await this.#ended()) ?? lost(await this.#missedAt(claimed))),
    };
  }

  /** Its end counts from when the container is first missed; from its start where that cannot be written down. */
  async #missedAt(startedAt: number): Promise<number> {
    const path = join(this.path, 'lost');
    if ((await modifiedAt(path)) === undefined) {
      await writeFile(path, '', { mode: 0o600 }).catch(() => undefined);
    }
    return (await modifiedAt(path)) ?? startedAt;
  }

  async #ended(): Promise<Ending | undefined> {
    const text = await readOptional(join(this.path, 'exit'));
    if (text === undefined) return undefined;
    const exitCode = Number(text);
    return {
      state: 'exited',
      exitCode,
      finishedAt: (await modifiedAt(join(this.path, 'exit'))) ?? 0,
      ...(exitCode > 128 && exitCode < 128 + 65 && { signal: exitCode - 128 }),
      reason: exitCode === 0 ? 'Completed' : 'Error',
    };
  }

  async #neverRan(at: number): Promise<Ending> {
    const text = await readOptional(join(this.path, 'failure.json'));
    const failure: StartFailure =
      text === undefined
        ? { exitCode: 128, reason: 'StartError', message: 'the start was given up' }
        : (JSON.parse(text) as StartFailure);
    return { state: 'exited', ...failure, startedAt: at, finishedAt: at };
  }
}

/** Kubernetes' words for a container whose end nobody saw: the machine or the shim went down. */
function lost(at: number): Ending {
  return {
    state: 'exited',
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    finishedAt: at,
  };
}

/** The attempts of every container of a sandbox, the oldest first within each name. */
export async function listContainerKeys(
  podsDir: string,
  podSandboxId: string,
): Promise<ContainerKey[]> {
  const keys: ContainerKey[] = [];
  for (const name of await subfolders(join(podsDir, podSandboxId))) {
    const attempts = await subfolders(join(podsDir, podSandboxId, name));
    const numbers = attempts.filter((attempt) => /^\d+$/.test(attempt)).map(Number);
    for (const attempt of numbers.sort((a, b) => a - b)) keys.push({ podSandboxId, name, attempt });
  }
  return keys;
}

export async function subfolders(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
}

/** Whoever reads the file sees all of it or nothing. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

export async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    return Math.round((await stat(path)).mtimeMs);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}
