import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { type Environment, setting } from '#shared/runtime';
import { CommandError } from '../command-error.ts';
import type { ExternalStore } from './external-store.ts';
import { addressesOf, type Part } from './layout.ts';

/** What `<data>/cluster.json` holds: which processes make up the cluster, and where they listen. */
export interface ClusterState {
  /** Format of this file. */
  readonly version: 1;
  readonly createdAt: string;
  /** Where pods and Services get their loopback addresses from. */
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** The ports of the nodes that Services may have; absent: the API server's own choice. */
  readonly nodePortRange?: string | undefined;
  readonly parts: readonly Part[];
  /** Where its state is; absent: its masters are members of a store of their own. */
  readonly store?: ExternalStore | undefined;
  /** Its processes can be broken on purpose, on a port of their own, or a socket in their directory: see `quorate fault`. */
  readonly faults?: boolean | 'socket' | undefined;
}

/** A cluster's directory: `cluster.json`, and one folder for each master and worker. */
export interface Cluster {
  readonly dir: string;
  readonly state: ClusterState;
}

const fileName = 'cluster.json';

/** `--data-dir`, else $QUORATE_DATA_DIR, else $XDG_STATE_HOME/quorate, else ~/.local/state/quorate. */
export function dataDir(given: string | undefined, env: Environment, cwd: string): string {
  const chosen = setting('--data-dir', given, env);
  if (chosen !== undefined) return resolve(cwd, chosen);
  const stateHome = env['XDG_STATE_HOME'] || (env['HOME'] && join(env['HOME'], '.local', 'state'));
  if (!stateHome) {
    throw new CommandError('no home directory to keep the data in', {
      hint: 'Name a directory with --data-dir or $QUORATE_DATA_DIR.',
    });
  }
  return join(stateHome, 'quorate');
}

export function readCluster(dir: string): Cluster | undefined {
  const file = join(dir, fileName);
  if (!existsSync(file)) return undefined;
  const state = parseState(file, readFileSync(file, 'utf8'));
  return { dir, state };
}

function parseState(file: string, text: string): ClusterState {
  let state: Partial<ClusterState> = {};
  try {
    state = JSON.parse(text) as Partial<ClusterState>;
  } catch {
    // Falls through to the same answer as any other file that is not ours.
  }
  if (isState(state)) return state;
  throw new CommandError(`${file} is not the description of a cluster of this version`, {
    hint: 'Use another --data-dir, or remove that one and the cluster in it.',
  });
}

/** Whole, as this version writes it: half of a layout would fail somewhere deep inside. */
function isState(state: Partial<ClusterState>): state is ClusterState {
  const { version, podCidr, serviceCidr, nodePortRange, parts } = state;
  return (
    version === 1 &&
    typeof podCidr === 'string' &&
    typeof serviceCidr === 'string' &&
    ['string', 'undefined'].includes(typeof nodePortRange) &&
    Array.isArray(parts) &&
    parts.every(
      (part: Part | null) =>
        part !== null && addressesOf(part).every(({ address }) => typeof address === 'string'),
    )
  );
}

/** The cluster in `dir`, or an error that says how to make one. */
export function requireCluster(dir: string): Cluster {
  const cluster = readCluster(dir);
  if (cluster) return cluster;
  throw new CommandError(`there is no cluster in ${dir}`, {
    hint: 'Start one with `quorate up`, or name its directory with --data-dir.',
  });
}

/** Writes `cluster.json` in one step; the directory is for its owner alone. */
export function writeCluster(cluster: Cluster): void {
  mkdirSync(cluster.dir, { recursive: true, mode: 0o700 });
  const file = join(cluster.dir, fileName);
  writeFileSync(`${file}.new`, `${JSON.stringify(cluster.state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** A new cluster needs a directory of its own: nothing of somebody else's may lie in it. */
export function refuseForeignDirectory(dir: string): void {
  if (!existsSync(dir) || readdirSync(dir).length === 0) return;
  throw new CommandError(`${dir} holds files and no quorate cluster`, {
    hint: 'Name an empty or new directory with --data-dir.',
  });
}

/**
 * Removes the cluster's directory: what the cluster made there. What somebody else put beside it
 * stays, and keeps the directory alive.
 */
export function purge(cluster: Cluster): void {
  for (const part of cluster.state.parts) {
    rmSync(partDir(cluster, part.name), { recursive: true, force: true });
  }
  rmSync(pkiDir(cluster), { recursive: true, force: true });
  rmSync(join(cluster.dir, 'kubeconfig'), { force: true });
  rmSync(join(cluster.dir, fileName), { force: true });
  if (readdirSync(cluster.dir).length === 0) rmSync(cluster.dir, { recursive: true });
}

/** Certificates and keys. */
export const pkiDir = (cluster: Cluster): string => join(cluster.dir, 'pki');
export const partDir = (cluster: Cluster, name: string): string => join(cluster.dir, name);
export const logFile = (cluster: Cluster, name: string): string => join(cluster.dir, name, 'log');
/** What the part's services keep. */
export const storageDir = (cluster: Cluster, name: string): string =>
  join(cluster.dir, name, 'data');
