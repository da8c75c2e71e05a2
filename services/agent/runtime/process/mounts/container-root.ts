import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ownUser } from '#shared/runtime';
import type { Mount } from '../../runtime.ts';
import type { CommandPlace } from '../runnable.ts';
import { type Bind, isBelow, planRoot } from './root-plan.ts';

/**
 * How mounts can be made here: by root in a mount namespace, by anybody in a user namespace that owns
 * one, or not at all.
 */
export type MountSupport = 'root' | 'user-namespace' | 'none';

/** Where a container finds its mounts; empty where they are at their very paths. */
const rootVariable = 'QUORATE_ROOT';

/**
 * Runs first in the new namespaces: takes the name, makes the mounts, turns to the container's root and becomes
 * the command, as the user it was. A host folder that has gone is not missed, a volume is.
 */
const enter = `
unshare=$1; dir=$2; name=$3; cwd=$4; uid=$5; gid=$6; shift 6
path=$PATH; PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
[ -z "$name" ] || hostname "$name" 2>/dev/null
mount -a -T "$dir/host.fstab" >/dev/null 2>&1
mount -a -T "$dir/volumes.fstab" || exit 128
if [ -d "$dir/root" ]; then cd "$dir/root" && pivot_root . . && umount -l . || exit 128; fi
PATH=$path
cd "$cwd" || exit 128
[ -z "$uid" ] || exec "$unshare" --user --map-user="$uid" --map-group="$gid" -- "$@"
exec "$@"
`;

/** Finds the program, whatever the container's PATH, and enters with it. */
const begin = `
flags=$1; script=$2; shift 2
path=$PATH; PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
unshare=$(command -v unshare)
PATH=$path
exec "$unshare" "$flags" /bin/sh -c "$script" quorate-enter "$unshare" "$@"
`;

/**
 * What a container sees of the file system: the host's, and its mounts. Each command gets a mount
 * namespace of its own, made of the same folders, so that nobody has to be alive to be joined.
 */
export class ContainerRoot {
  readonly #support: MountSupport;
  readonly #dir: string;
  readonly #mounts: readonly Mount[];
  readonly #hostname: string;

  /** `dir` is the container's own folder on the host; without a `hostname` it has the host's. */
  constructor(support: MountSupport, dir: string, mounts: readonly Mount[] = [], hostname = '') {
    this.#support = support;
    this.#dir = join(dir, 'mounts');
    this.#mounts = mounts;
    this.#hostname = hostname;
  }

  /** Once, before the first command: makes the folders and files that mounts are mounted on. */
  prepare(): void {
    if (!this.#isOwn) return;
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    if (this.#support === 'none') linkMounts(this.#dir, this.#mounts);
    else {
      const { host, volumes } = planRoot(this.#dir, this.#mounts);
      writeFileSync(join(this.#dir, 'host.fstab'), host.map((bind) => line(bind, '')).join(''));
      const flags = (bind: Bind): string =>
        this.#support === 'user-namespace' && bind.readOnly ? lockedFlags(bind.source) : '';
      const lines = volumes.map((bind) => line(bind, flags(bind)));
      writeFileSync(join(this.#dir, 'volumes.fstab'), lines.join(''));
    }
  }

  get #isOwn(): boolean {
    return this.#mounts.length > 0 || this.#hostname !== '';
  }

  /** What the container must know of where its mounts are. */
  get environment(): Readonly<Record<string, string>> {
    if (this.#mounts.length === 0) return {};
    return { [rootVariable]: this.#support === 'none' ? this.#dir : '' };
  }

  /** Where something of the container is on the host. */
  readonly locate = (path: string): string => {
    if (this.#support === 'none') return path;
    const holds = this.#mounts.filter(({ containerPath }) => isBelow(path, containerPath));
    const mount = holds.sort((a, b) => b.containerPath.length - a.containerPath.length)[0];
    return mount ? join(mount.hostPath, path.slice(mount.containerPath.length)) : path;
  };

  /** The command that runs this one in the container. */
  enter(place: CommandPlace): CommandPlace {
    if (!this.#isOwn || this.#support === 'none') return place;
    const { uid, gid } = ownUser();
    const [flags, ...user] =
      this.#support === 'root' ? ['-mu', '', ''] : ['-Urmu', String(uid), String(gid)];
    const script = ['/bin/sh', '-c', begin, 'quorate-begin', flags, enter];
    return {
      ...place,
      command: [...script, this.#dir, this.#hostname, place.cwd, ...user, ...place.command],
      cwd: '/',
    };
  }
}

/** A line of fstab(5). */
function line({ source, target, readOnly }: Bind, flags: string): string {
  const field = (path: string): string =>
    path.replace(/[\\\s#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return `${field(source)} ${field(target)} none rbind${readOnly ? ',ro' : ''}${flags} 0 0\n`;
}

/** In a user namespace a mount keeps these flags of what is bound, or cannot be made read-only. */
function lockedFlags(path: string): string {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  let found = ['/', ''];
  for (const entry of mounts) {
    const [, , , , point = '', options = ''] = entry.split(' ');
    if (point === '' || !isBelow(path, point) || point.length < (found[0]?.length ?? 0)) continue;
    found = [point, options];
  }
  const flags = (found[1] ?? '').split(',').filter((flag) => locked.has(flag));
  return flags.map((flag) => `,${flag}`).join('');
}

const locked = new Set(['nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'relatime']);

/** Without mounts: a folder with a link for each, under the path it would be mounted at. */
function linkMounts(dir: string, mounts: readonly Mount[]): void {
  const outerFirst = mounts.toSorted((a, b) => a.containerPath.length - b.containerPath.length);
  for (const { hostPath, containerPath } of outerFirst) {
    const link = join(dir, containerPath);
    mkdirSync(dirname(link), { recursive: true, mode: 0o700 });
    try {
      symlinkSync(hostPath, link);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    }
  }
}
