import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '#shared/api';
import type { Logger } from '#shared/runtime';

/**
 * The manifests of this node's pods on disk, so that an agent that starts while no API server
 * answers goes on looking after them. Once one answers, its word counts.
 */
export class Checkpoints {
  readonly #folder: string;
  readonly #log: Logger;

  constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  async load(): Promise<Pod[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const pods: Pod[] = [];
    for (const file of await readdir(this.#folder)) {
      if (!file.endsWith('.json')) continue;
      try {
        pods.push(JSON.parse(await readFile(join(this.#folder, file), 'utf8')) as Pod);
      } catch (error) {
        this.#log.warn({ err: error, file }, 'skipping a damaged pod checkpoint');
      }
    }
    return pods;
  }

  async save(pod: Pod): Promise<void> {
    const path = this.#path(pod.metadata?.uid ?? '');
    await writeFile(`${path}.tmp`, JSON.stringify(pod), { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }

  async remove(uid: string): Promise<void> {
    await rm(this.#path(uid), { force: true });
  }

  #path(uid: string): string {
    return join(this.#folder, `${uid}.json`);
  }
}
