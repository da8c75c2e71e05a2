import type { Figure } from './measure.ts';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

/** Medians by what was measured, in the order of the first run. */
export function medians(runs: readonly (readonly Figure[])[]): Map<string, Figure> {
  const byWhat = new Map<string, Figure[]>();
  for (const figure of runs.flat()) {
    const id = `${figure.what} ${figure.unit}`;
    const list = byWhat.get(id) ?? [];
    list.push(figure);
    byWhat.set(id, list);
  }
  return new Map(
    [...byWhat].map(([id, list]) => {
      const [first] = list as [Figure, ...Figure[]];
      return [id, { ...first, value: median(list.map(({ value }) => value)) }];
    }),
  );
}

/** A Markdown table: ours, the other, and ours as a share of the other. */
export function comparison(ours: Map<string, Figure>, theirs: Map<string, Figure>): string {
  const lines = ['| | quorate | etcd | ratio |', '|---|--:|--:|--:|'];
  for (const [id, figure] of ours) {
    const other = theirs.get(id);
    lines.push(
      `| ${figure.what} | ${text(figure)} | ${other ? text(other) : ''} | ${ratio(figure, other)} |`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const ratio = (ours: Figure, theirs: Figure | undefined): string =>
  theirs === undefined ? '' : (ours.value / theirs.value).toFixed(2);

function text({ value, unit }: Figure): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)}${unit.startsWith('/') ? '' : ' '}${unit}`;
}
