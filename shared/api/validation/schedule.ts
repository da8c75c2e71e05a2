/** What is wrong with a schedule of cron, in the words of Kubernetes' parser; nothing where it is fine. */
export function validateSchedule(schedule: string): string[] {
  if (/TZ\s*=/.test(schedule)) {
    return ['cannot use TZ or CRON_TZ in schedule, use timeZone field instead'];
  }
  if (schedule.startsWith('@')) {
    return macros.has(schedule) ? [] : [`unrecognized descriptor: ${schedule}`];
  }
  const parts = schedule.trim().split(/\s+/);
  if (parts.length !== fields.length) {
    return [`expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`];
  }
  for (const [i, part] of parts.entries()) {
    const field = fields[i];
    for (const expression of part.split(',')) {
      const wrong = field && checkRange(expression, field);
      if (wrong) return [wrong];
    }
  }
  return [];
}

const macros = new Set([
  '@annually',
  '@daily',
  '@hourly',
  '@midnight',
  '@monthly',
  '@weekly',
  '@yearly',
]);

interface Field {
  readonly min: number;
  readonly max: number;
  /** What stands for numbers, the first for `min`. */
  readonly names: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const fields: readonly Field[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
];

/** `*`, `?`, a number or a range, with `/step` or not. */
function checkRange(expression: string, { min, max, names }: Field): string | undefined {
  const [range = '', step, ...more] = expression.split('/');
  if (more.length > 0) return `too many slashes: ${expression}`;
  if (step !== undefined && !/^\d+$/.test(step)) return `failed to parse int from ${step}`;
  if (step !== undefined && Number(step) === 0) {
    return `step of range should be a positive number: ${expression}`;
  }
  if (range === '*' || range === '?') return undefined;
  const ends = range.split('-');
  if (ends.length > 2) return `too many hyphens: ${expression}`;
  const [start = 0, end = start] = ends.map((text) => {
    const named = names.indexOf(text.toLowerCase());
    return named >= 0 ? named + min : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  });
  if (Number.isNaN(start) || Number.isNaN(end)) return `failed to parse int from ${range}`;
  if (start < min) return `beginning of range (${start}) below minimum (${min}): ${expression}`;
  if (end > max) return `end of range (${end}) above maximum (${max}): ${expression}`;
  if (start > end) {
    return `beginning of range (${start}) beyond end of range (${end}): ${expression}`;
  }
  return undefined;
}
