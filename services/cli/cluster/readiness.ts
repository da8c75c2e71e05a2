import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, partDir } from './state.ts';

/**
 * A starting process says in `<part>/ready` what of it is ready, one line each; `up` reads along.
 * A file, because it needs no port, survives whoever reads it, and costs the starter nothing.
 */
export interface ReadyLine {
  readonly pid: number;
  /** `store`, `apiserver`, `agent`, …; `all` is the last. */
  readonly step: string;
}

export const readyStep = 'all';

const readyFile = (cluster: Cluster, name: string): string => join(partDir(cluster, name), 'ready');

export function clearReady(cluster: Cluster, name: string): void {
  rmSync(readyFile(cluster, name), { force: true });
}

export function reportReady(cluster: Cluster, name: string, line: ReadyLine): void {
  appendFileSync(readyFile(cluster, name), `${JSON.stringify(line)}\n`, { mode: 0o600 });
}

/** The steps that the process of this pid has reported; without one, any since the file was cleared. */
export function readReady(cluster: Cluster, name: string, pid?: number): string[] {
  let text: string;
  try {
    text = readFileSync(readyFile(cluster, name), 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as ReadyLine)
    .filter((line) => pid === undefined || line.pid === pid)
    .map((line) => line.step);
}
