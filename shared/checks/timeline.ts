import { answerText, callText, type Operation, type Remark } from './history.ts';

export interface TimelineOptions {
  readonly title: string;
  /** Marked in red: the operations that contradict each other. */
  readonly window: readonly Operation[];
  /** Why, in a sentence. */
  readonly reason?: string | undefined;
  readonly remarks?: readonly Remark[] | undefined;
}

const shownAtMost = 300;
const width = 1400;
const left = 90;
const rowHeight = 46;
const barHeight = 18;
const letterWidth = 6.7;

/**
 * The operations around a window as a page with one picture: a row for each client, a bar from
 * start to end of each operation, an arrow where no end is known. Needs nothing but a browser.
 */
export function timeline(operations: readonly Operation[], options: TimelineOptions): string {
  const shown = near(operations, options.window);
  const { svg, height } = picture(shown, options);
  const list = options.window.map((operation) => `<li>${escape(line(operation))}</li>`).join('\n');
  const rest = operations.length - shown.length;
  const beginning = commonBeginning(shown);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escape(options.title)}</title>
<style>
body{font:14px system-ui,sans-serif;margin:24px;color:#222}
svg{border:1px solid #ddd;max-width:100%;height:auto;background:#fff}
text{font:11px ui-monospace,monospace}
.ok{fill:#bfe3c6}.failed{fill:#ddd}.unknown{fill:#ffe0a3}
.in{stroke:#c62828;stroke-width:2.5}.remark{fill:#90a4ae;opacity:.25}
li{font:13px ui-monospace,monospace;margin:4px 0}
</style></head><body>
<h1>${escape(options.title)}</h1>
${options.reason ? `<p><strong>${escape(options.reason)}</strong></p>` : ''}
${list ? `<p>The operations that contradict each other, in the order of their start:</p><ol>${list}</ol>` : ''}
<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="timeline">
${svg}
</svg>
<p>Green: acknowledged. Amber: outcome unknown, taken as both. Grey: failed, no effect. Red edge: part of the contradiction, with its number.
Times are milliseconds since the start of the history.${rest > 0 ? ` ${rest} operations further away are not shown.` : ''}${beginning ? ` Labels leave out the ${escape(beginning)} that every key begins with.` : ''}</p>
</body></html>
`;
}

/** One line in words: client, time, what was asked and what was answered. */
function line(operation: Operation): string {
  const { client, invokedMs, returnedMs, endpoint } = operation;
  const until = returnedMs === undefined ? '…' : returnedMs.toFixed(1);
  const where = endpoint === undefined ? '' : ` (${endpoint})`;
  return `client ${client}${where} [${invokedMs.toFixed(1)} – ${until} ms]: ${callText(operation.call)} → ${answerText(operation)}`;
}

function near(operations: readonly Operation[], window: readonly Operation[]): Operation[] {
  const sorted = [...operations].sort((a, b) => a.invokedMs - b.invokedMs);
  if (window.length === 0) return sorted.slice(0, shownAtMost);
  const from = Math.min(...window.map((operation) => operation.invokedMs));
  const to = Math.max(...window.map((operation) => operation.returnedMs ?? operation.invokedMs));
  const inside = sorted.filter(
    (operation) => (operation.returnedMs ?? Infinity) >= from && operation.invokedMs <= to,
  );
  const others = inside.filter((operation) => !window.includes(operation));
  const kept = new Set([...window, ...others.slice(0, shownAtMost)]);
  return [...kept].sort((a, b) => a.invokedMs - b.invokedMs);
}

/** Up to a slash: what every key begins with. */
function commonBeginning(operations: readonly Operation[]): string {
  const keys = operations.flatMap(({ call }) => ('key' in call ? call.key : []));
  const [first = ''] = keys;
  let end = first.lastIndexOf('/') + 1;
  while (end > 0 && !keys.every((key) => key.startsWith(first.slice(0, end)))) {
    end = end > 1 ? first.lastIndexOf('/', end - 2) + 1 : 0;
  }
  return first.slice(0, end);
}

function picture(
  operations: readonly Operation[],
  { window, remarks = [] }: TimelineOptions,
): { svg: string; height: number } {
  const clients = [...new Set(operations.map(({ client }) => client))].sort((a, b) => a - b);
  // What never returned may have begun long before: it comes in from the left, or the rest would be squeezed.
  const near = operations.filter((one) => one.returnedMs !== undefined || window.includes(one));
  const begun = near.length > 0 ? near : operations;
  const start = Math.min(...begun.map(({ invokedMs }) => invokedMs), Infinity);
  const ends = operations.map(({ invokedMs, returnedMs }) => returnedMs ?? invokedMs);
  const end = Math.max(...ends, start + 1);
  const x = (ms: number): number =>
    left + ((Math.min(Math.max(ms, start), end) - start) / (end - start)) * (width - left - 30);
  const height = clients.length * rowHeight + 50;
  const beginning = commonBeginning(operations);
  const parts: string[] = [];
  for (const { fromMs, toMs, text } of remarks) {
    if (toMs < start || fromMs > end) continue;
    const w = Math.max(2, x(toMs) - x(fromMs));
    parts.push(
      `<rect class="remark" x="${x(fromMs).toFixed(1)}" y="0" width="${w.toFixed(1)}" height="${height}"><title>${escape(text)}</title></rect>`,
    );
    parts.push(
      `<text x="${(x(fromMs) + 3).toFixed(1)}" y="${height - 6}" fill="#546e7a">${escape(text)}</text>`,
    );
  }
  clients.forEach((client, row) => {
    const y = row * rowHeight + 20;
    parts.push(`<text x="6" y="${y + 13}">client ${client}</text>`);
    const own = operations.filter((operation) => operation.client === client);
    own.forEach((operation, i) => {
      const next = own[i + 1];
      const untilX = next ? x(next.invokedMs) : width;
      parts.push(
        bar(operation, x, { y, untilX, beginning, number: window.indexOf(operation) + 1 }),
      );
    });
  });
  for (let i = 0; i <= 10; i++) {
    const ms = ((end - start) * i) / 10;
    const anchor = i === 10 ? ' text-anchor="end"' : '';
    parts.push(
      `<text x="${x(start + ms).toFixed(1)}" y="12" fill="#888"${anchor}>${(start + ms).toFixed(1)}</text>`,
    );
  }
  return { svg: parts.join('\n'), height };
}

interface Place {
  readonly y: number;
  /** Where the client's next operation begins. */
  readonly untilX: number;
  /** Of keys, that labels leave out. */
  readonly beginning: string;
  /** Of one that is part of the contradiction, its number in the list above; else 0. */
  readonly number: number;
}

function bar(operation: Operation, x: (ms: number) => number, place: Place): string {
  const { y, untilX, beginning, number } = place;
  const { invokedMs, returnedMs, outcome } = operation;
  const open = outcome === 'unknown' || returnedMs === undefined;
  const from = x(invokedMs);
  const to = Math.max(from + 3, open ? width - 20 : x(returnedMs));
  const whole = `${callText(operation.call)} → ${answerText(operation)}`;
  const text = beginning ? whole.replaceAll(beginning, '') : whole;
  const title = `<title>${escape(line(operation))}</title>`;
  const rect = `<rect class="${outcome}${number > 0 ? ' in' : ''}" x="${from.toFixed(1)}" y="${y}" width="${(to - from).toFixed(1)}" height="${open ? barHeight / 2 : barHeight}" rx="3">${title}</rect>`;
  const mark =
    number > 0 ? `<text x="${(from + 5).toFixed(1)}" y="${y + 13}">${number}</text>` : '';
  const room = Math.floor((untilX - from - 6) / letterWidth);
  const label = text.length <= room ? text : room > 6 ? `${text.slice(0, room - 1)}…` : '';
  return `${rect}${mark}<text x="${from.toFixed(1)}" y="${y + barHeight + 13}">${escape(label)}</text>`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
