import { describe, expect, it } from 'vitest';
import { formatDuration } from './age.ts';
import { formatBytes } from './bytes.ts';
import { createResourcePrinter } from './resource-table.ts';
import { cellText, createTablePrinter, formatTable } from './table.ts';

describe('tables', () => {
  it('are laid out as kubectl’s', () => {
    expect(
      formatTable(
        ['name', 'ready', 'age'],
        [
          ['hello-1', '1/1', '5s'],
          ['x', '0/1', '10m'],
        ],
      ),
    ).toBe('NAME      READY   AGE\nhello-1   1/1     5s\nx         0/1     10m\n');
  });

  it('go on below each other as rows come', () => {
    const printer = createTablePrinter(['name', 'age']);
    expect(printer.rows([['a', '1s']])).toBe('NAME   AGE\na      1s\n');
    expect(printer.rows([['b', '2s']])).toBe('b      2s\n');
    expect(printer.rows([['much-longer', '3s']])).toBe('much-longer   3s\n');
    expect(printer.rows([['c', '4s']])).toBe('c             4s\n');
  });

  it('can do without heads', () => {
    expect(formatTable(['name'], [['a']], { noHeaders: true })).toBe('a\n');
  });

  it('show missing values, and keep a cell on its line', () => {
    expect(cellText(undefined)).toBe('<none>');
    expect(cellText('a\nb')).toBe('a b');
    expect(cellText(3)).toBe('3');
  });
});

describe('the server’s tables', () => {
  const column = (name: string, priority = 0) => ({ name, type: 'string', priority });
  const row = (name: string, ip: string) => ({
    cells: [name, ip],
    object: { metadata: { name, namespace: 'n', labels: { b: '2', a: '1' } } },
  });
  const table = {
    columnDefinitions: [column('Name'), column('IP', 1)],
    rows: [row('a', '127.0.0.1')],
    resourceVersion: '1',
  };
  const options = { wide: false, noHeaders: false, showNamespace: false, showLabels: false };

  it('show what was asked for', () => {
    expect(createResourcePrinter(options).table([table])).toBe('NAME\na\n');
    expect(createResourcePrinter({ ...options, wide: true }).table([table])).toBe(
      'NAME   IP\na      127.0.0.1\n',
    );
    expect(
      createResourcePrinter({ ...options, showNamespace: true, showLabels: true }).table([table]),
    ).toBe('NAMESPACE   NAME   LABELS\nn           a      a=1,b=2\n');
    expect(createResourcePrinter({ ...options, prefix: 'pod/' }).table([table])).toBe(
      'NAME\npod/a\n',
    );
  });

  it('of a watch come without columns after the first', () => {
    const printer = createResourcePrinter(options);
    printer.table([table]);
    const later = { ...table, columnDefinitions: [], rows: [row('b', '')] };
    expect(printer.table([later])).toBe('b\n');
  });
});

describe('durations and sizes', () => {
  it.each([
    [0, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [192_000, '3m12s'],
    [600_000, '10m'],
    [3 * 3_600_000, '3h'],
    [7.5 * 3_600_000, '7h30m'],
    [47 * 3_600_000, '47h'],
    [76 * 3_600_000, '3d4h'],
    [10 * 86_400_000, '10d'],
    [-500, '0s'],
    [-5_000, '<invalid>'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [999, '999 B'],
    [20_480, '20 kB'],
    [1_234_567, '1.2 MB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});
