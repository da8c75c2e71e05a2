import { readdir, readFile } from 'node:fs/promises';
import type { MetricsText } from './text.ts';

const ticksPerSecond = 100;
const pageBytes = 4096;

/** Prometheus' usual metrics of a process, from /proc; nothing where there is none. */
export async function writeProcessMetrics(out: MetricsText): Promise<void> {
  const [stat, limits, system, fds] = await Promise.all([
    readFile('/proc/self/stat', 'utf8'),
    readFile('/proc/self/limits', 'utf8'),
    readFile('/proc/stat', 'utf8'),
    readdir('/proc/self/fd'),
  ]).catch(() => []);
  if (stat === undefined || limits === undefined || system === undefined || !fds) return;
  // After the command's name, which may contain anything; proc(5) counts from 1, and from there 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  const maxFds = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 0);
  const bootSeconds = Number(/^btime (\d+)/m.exec(system)?.[1] ?? 0);
  const name = (what: string): string => `process_${what}`;
  out.counter(
    name('cpu_seconds_total'),
    'Total user and system CPU time spent in seconds.',
    (field(14) + field(15)) / ticksPerSecond,
  );
  out.gauge(name('max_fds'), 'Maximum number of open file descriptors.', maxFds);
  out.gauge(name('open_fds'), 'Number of open file descriptors.', fds.length);
  out.gauge(name('resident_memory_bytes'), 'Resident memory size in bytes.', field(24) * pageBytes);
  out.gauge(
    name('start_time_seconds'),
    'Start time of the process since unix epoch in seconds.',
    bootSeconds + field(22) / ticksPerSecond,
  );
  out.gauge(
    name('virtual_memory_max_bytes'),
    'Maximum amount of virtual memory available in bytes.',
    Number(/^Max address space\s+(\d+)/m.exec(limits)?.[1] ?? 2 ** 64),
  );
  out.gauge(name('virtual_memory_bytes'), 'Virtual memory size in bytes.', field(23));
  out.gauge('os_fd_limit', 'The file descriptor limit.', maxFds);
  out.gauge('os_fd_used', 'The number of used file descriptors.', fds.length);
}
