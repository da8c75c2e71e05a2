import type { ObjectTable, TableColumnDefinition, TableRow } from '#shared/client';
import { cellText, createTablePrinter, type TablePrinter } from './table.ts';

export interface ResourcePrinterOptions {
  readonly wide: boolean;
  readonly noHeaders: boolean;
  readonly showNamespace: boolean;
  readonly showLabels: boolean;
  /** `pod/`, `deployment.apps/`: before names, where several kinds are printed. */
  readonly prefix?: string;
}

/** Prints the server's tables; a watch's later tables come without columns and go on below. */
export interface ResourcePrinter {
  table(tables: readonly ObjectTable[]): string;
}

export function createResourcePrinter(options: ResourcePrinterOptions): ResourcePrinter {
  let columns: readonly TableColumnDefinition[] = [];
  let shown: readonly number[] = [];
  let printer: TablePrinter | undefined;

  const begin = (definitions: readonly TableColumnDefinition[]): TablePrinter => {
    columns = definitions;
    shown = definitions.flatMap(({ priority }, i) => (options.wide || priority === 0 ? [i] : []));
    const heads = shown.map((i) => columns[i]?.name ?? '');
    if (options.showNamespace) heads.unshift('namespace');
    if (options.showLabels) heads.push('labels');
    return createTablePrinter(heads, { noHeaders: options.noHeaders });
  };
  const cellsOf = (row: TableRow): string[] => {
    const cells = shown.map((i) => {
      const text = cellText(row.cells[i]);
      return i === 0 && options.prefix !== undefined ? `${options.prefix}${text}` : text;
    });
    if (options.showNamespace) cells.unshift(row.object.metadata?.namespace ?? '');
    if (options.showLabels) cells.push(formatLabels(row.object.metadata?.labels));
    return cells;
  };
  return {
    table(tables) {
      const definitions = tables.find((table) => table.columnDefinitions.length > 0);
      if (definitions) printer ??= begin(definitions.columnDefinitions);
      if (!printer) return '';
      return printer.rows(tables.flatMap((table) => table.rows).map(cellsOf));
    },
  };
}

/** `app=hello,tier=web`, as kubectl's LABELS column and selectors are written. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.toSorted().join(',');
}
