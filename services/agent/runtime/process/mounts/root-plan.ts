import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Mount } from '../../runtime.ts';

/** One thing of the host that is to be seen at another place too. */
export interface Bind {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** What a container's mount namespace is made of: host folders seen again, then the volumes. */
export interface RootPlan {
  readonly host: readonly Bind[];
  readonly volumes: readonly Bind[];
  /** The folder that becomes `/`; undefined: the host's own does. */
  readonly root: string | undefined;
}

/** A place in the container, as far as the host has it. */
interface Place {
  /** The last folder on the way that is there, links followed. */
  readonly there: string;
  /** What is not, below it. */
  readonly missing: readonly string[];
}

/** Below a folder of the container: where it begins, and the path from there. */
interface Placed {
  readonly mount: Mount;
  readonly at: string;
}

/**
 * A mount needs something to be mounted on, and nothing is to be left on the host for it. A host
 * folder that lacks a mount point is therefore shadowed: an own folder with its entries bound into
 * it, and the mount point, is seen in its place. Shadows are made below `dir`, which is the container's own.
 */
export function planRoot(dir: string, mounts: readonly Mount[]): RootPlan {
  const shadows = new Shadows(dir);
  const placed: Placed[] = [];
  for (const mount of sorted(mounts)) {
    const outer = placed.findLast(({ mount: { containerPath } }) =>
      isBelow(mount.containerPath, containerPath),
    );
    if (outer) placed.push({ mount, at: withinVolume(outer, mount) });
    else placed.push({ mount, at: onHost(shadows, mount) });
  }
  // What would be hidden by a mount, such as one at /tmp, must be reached before it is.
  const hides = ({ at }: Placed): boolean =>
    [dir, ...mounts.map(({ hostPath }) => hostPath)].some((path) => isBelow(path, at));
  if (placed.some(hides)) shadows.of('/');
  const root = shadows.known('/');
  const seenAt = (path: string): string => (root === undefined ? path : join(root, path));
  return {
    root,
    host: shadows.binds(seenAt),
    volumes: placed.map(({ mount: { hostPath, readOnly }, at }) => ({
      source: hostPath,
      target: seenAt(at),
      readOnly,
    })),
  };
}

/** Outer ones first. */
const sorted = (mounts: readonly Mount[]): Mount[] =>
  mounts.toSorted((a, b) => a.containerPath.length - b.containerPath.length);

/** The path itself, or something below it. */
export const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);

/** A mount point in another volume is made there, as container runtimes do. */
function withinVolume({ mount: outer, at }: Placed, mount: Mount): string {
  const rest = mount.containerPath.slice(outer.containerPath.length);
  if (rest !== '') makePoint(join(outer.hostPath, rest), mount);
  return join(at, rest);
}

function onHost(shadows: Shadows, mount: Mount): string {
  const { there, missing } = place(mount.containerPath);
  if (missing.length > 0) makePoint(join(shadows.of(there), ...missing), mount);
  return join(there, ...missing);
}

function place(path: string): Place {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  let there = '/';
  for (const [i, part] of parts.entries()) {
    try {
      there = realpathSync(join(there, part));
    } catch {
      return { there, missing: parts.slice(i) };
    }
  }
  return { there, missing: [] };
}

/** A folder for a folder, a file for a file. */
function makePoint(path: string, { hostPath }: Mount): void {
  if (statSync(path, { throwIfNoEntry: false })) return;
  const isFolder = statSync(hostPath).isDirectory();
  mkdirSync(isFolder ? path : dirname(path), { recursive: true, mode: 0o755 });
  if (!isFolder) writeFileSync(path, '');
}

/** Host folders that are seen with more in them than they have. */
class Shadows {
  readonly #dir: string;
  readonly #shadows = new Map<string, string>();
  readonly #entries = new Map<string, Bind[]>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  known(folder: string): string | undefined {
    return this.#shadows.get(folder);
  }

  of(folder: string): string {
    const known = this.#shadows.get(folder);
    if (known !== undefined) return known;
    const shadow =
      folder === '/'
        ? join(this.#dir, 'root')
        : join(this.#dir, 'shadows', String(this.#shadows.size));
    mkdirSync(shadow, { recursive: true, mode: 0o755 });
    this.#shadows.set(folder, shadow);
    const binds = readdirSync(folder).flatMap((name) => copyEntry(join(folder, name), shadow));
    // The one that holds the shadow first: bound later, it would show all that is bound there again.
    const holds = ({ source }: Bind): number => (isBelow(shadow, source) ? 0 : 1);
    this.#entries.set(
      folder,
      binds.toSorted((a, b) => holds(a) - holds(b)),
    );
    return shadow;
  }

  /** In the order they have to be made. */
  binds(seenAt: (path: string) => string): Bind[] {
    const folders = [...this.#shadows.keys()].sort((a, b) => a.length - b.length);
    const bind = (source: string, target: string): Bind => ({ source, target, readOnly: false });
    return folders.flatMap((folder) => {
      const shadow = this.of(folder);
      const entries = this.#entries.get(folder) ?? [];
      // The new root must be a mount itself.
      if (folder === '/') return [bind(shadow, shadow), ...entries];
      return [...entries, bind(shadow, seenAt(folder))];
    });
  }
}

/** Links are copied, everything else gets a place to be bound on. */
function copyEntry(path: string, shadow: string): Bind[] {
  const target = join(shadow, basename(path));
  try {
    const entry = lstatSync(path);
    if (entry.isSymbolicLink()) {
      symlinkSync(readlinkSync(path), target);
      return [];
    }
    if (entry.isDirectory()) mkdirSync(target, { recursive: true });
    else writeFileSync(target, '');
    return [{ source: path, target, readOnly: false }];
  } catch {
    // Gone meanwhile, or nothing for us to see.
    return [];
  }
}
