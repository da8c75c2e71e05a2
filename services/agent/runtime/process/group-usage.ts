import { readdir, readFile } from 'node:fs/promises';

/** What the kernel counts CPU time in; 100 of them make a second on every Linux there is. */
const nanosPerTick = 10_000_000;
const pageBytes = 4096;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly cpuNanos: number;
  readonly memoryBytes: number;
}

export interface GroupUsage {
  /** Of all its processes so far, those included that have ended and been waited for. */
  cpuNanos: number;
  memoryBytes: number;
}

/** The processes of a machine at one moment, by what they belong to. */
export class ProcessSnapshot {
  readonly #children = new Map<number, Process[]>();
  readonly #groups = new Map<number, Process[]>();
  readonly #byPid = new Map<number, Process>();

  static async take(): Promise<ProcessSnapshot> {
    const snapshot = new ProcessSnapshot();
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const process = parse(await readFile(`/proc/${name}/stat`, 'latin1').catch(() => ''));
      if (process) snapshot.#add(process);
    }
    return snapshot;
  }

  /** The group's processes, the others named, and all that descends from either. */
  usage(group: number, others: readonly number[]): GroupUsage {
    const total: GroupUsage = { cpuNanos: 0, memoryBytes: 0 };
    const seen = new Set<number>();
    const named = others.flatMap((pid) => this.#byPid.get(pid) ?? []);
    const queue = [...(this.#groups.get(group) ?? []), ...named];
    for (let process = queue.pop(); process; process = queue.pop()) {
      if (seen.has(process.pid)) continue;
      seen.add(process.pid);
      total.cpuNanos += process.cpuNanos;
      total.memoryBytes += process.memoryBytes;
      queue.push(...(this.#children.get(process.pid) ?? []));
    }
    return total;
  }

  #add(process: Process): void {
    this.#byPid.set(process.pid, process);
    append(this.#groups, process.group, process);
    append(this.#children, process.parent, process);
  }
}

function append(map: Map<number, Process[]>, key: number, process: Process): void {
  const list = map.get(key);
  if (list) list.push(process);
  else map.set(key, [process]);
}

/** A line of /proc/<pid>/stat; undefined for a process that has gone meanwhile. */
function parse(stat: string): Process | undefined {
  // The name stands in parentheses and may hold anything, parentheses too.
  const end = stat.lastIndexOf(')');
  if (end < 0) return undefined;
  const fields = stat
    .slice(end + 2)
    .split(' ')
    .map(Number);
  const [, parent = 0, group = 0] = fields;
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
  return {
    pid: Number.parseInt(stat, 10),
    parent,
    group,
    cpuNanos: (user + system + childrenUser + childrenSystem) * nanosPerTick,
    memoryBytes: Math.max(0, fields[21] ?? 0) * pageBytes,
  };
}
