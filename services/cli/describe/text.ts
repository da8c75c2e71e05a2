/** A described value: one line, several lines below each other, or a nested section. */
export type Value = string | readonly string[] | Section;

/** `Name: value` pairs in order; the values are aligned within their section. */
export type Section = readonly (readonly [name: string, value: Value])[];

const gap = 2;

export const isSection = (value: Value): value is Section =>
  Array.isArray(value) && value.length > 0 && Array.isArray(value[0]);

/** The layout of `kubectl describe`: names with colons, aligned values, nested sections indented. */
export function formatSection(section: Section, indent = 0): string {
  const pad = ' '.repeat(indent);
  const lined = section.filter(([, value]) => !isSection(value));
  const width = Math.max(0, ...lined.map(([name]) => name.length + 1)) + gap;
  return section
    .map(([name, value]) => {
      if (isSection(value)) return `${pad}${name}:\n${formatSection(value, indent + 2)}`;
      const lines = typeof value === 'string' ? [value] : value;
      const [first = '<none>', ...rest] = lines;
      const head = `${pad}${`${name}:`.padEnd(width)}${first}\n`;
      return head + rest.map((line) => `${pad}${' '.repeat(width)}${line}\n`).join('');
    })
    .join('');
}

/** `key=value` lines, sorted, or `<none>`. */
export function mapLines(
  map: Readonly<Record<string, string>> | undefined,
  separator = '=',
): string[] {
  const lines = Object.entries(map ?? {}).map(([key, value]) => `${key}${separator}${value}`);
  return lines.length === 0 ? ['<none>'] : lines.toSorted();
}

/** A time as `kubectl describe` prints it: RFC 1123 with a numeric zone. */
export function formatTime(time: string | undefined): string {
  return time ? new Date(time).toUTCString().replace('GMT', '+0000') : '<unset>';
}

/** A table inside a description, every line indented by two. */
export function formatInnerTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [heads, heads.map((head) => '-'.repeat(head.length)), ...rows];
  const widths = heads.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `  ${line
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
