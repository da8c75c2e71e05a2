/** kubectl's tables: no borders, three spaces between columns, heads in upper case. */
export interface TablePrinter {
  /** The lines for these rows, each with its newline; the first call begins with the head. */
  rows(rows: readonly (readonly string[])[]): string;
}

const defaultGap = 3;
/** Columns of a watch do not know what is to come; kubectl gives each at least this room. */
const widthMin = 6;

interface TableOptions {
  readonly noHeaders?: boolean;
  /** Spaces between columns. */
  readonly gap?: number;
}

/**
 * Prints rows as they come (a watch prints one at a time). Widths grow with what is printed and
 * never shrink, so columns stay below each other where they can.
 */
export function createTablePrinter(
  heads: readonly string[],
  options: TableOptions = {},
): TablePrinter {
  const { gap = defaultGap } = options;
  const widths = heads.map(() => 0);
  let headPending = options.noHeaders !== true;
  return {
    rows(rows) {
      const lines = headPending ? [heads.map((head) => head.toUpperCase()), ...rows] : rows;
      headPending = false;
      for (const line of lines) {
        line.forEach((cell, i) => {
          widths[i] = Math.max(widths[i] ?? 0, cell.length, widthMin - gap);
        });
      }
      return lines.map((line) => `${formatLine(line, widths, gap)}\n`).join('');
    },
  };
}

/** A whole table at once. */
export function formatTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  return createTablePrinter(heads, options).rows(rows);
}

function formatLine(cells: readonly string[], widths: readonly number[], gap: number): string {
  return cells
    .map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd((widths[i] ?? 0) + gap)))
    .join('');
}

/** What a cell shows: a missing value is `<none>`, and line breaks are not a cell's. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return '<none>';
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.replaceAll('\n', ' ');
}
