import type { Output } from '../terminal.ts';

/** Says how far the parts of a cluster are, to a person as they change or to a file line by line. */
export interface Progress {
  /** What this part is doing now. */
  update(name: string, text: string): void;
  /** The part is done; piped output gets its line only now. */
  done(name: string, text: string): void;
  failed(name: string, text: string): void;
}

type Mark = 'working' | 'done' | 'failed';
interface Line {
  readonly mark: Mark;
  readonly text: string;
}

export function createProgress(out: Output, names: readonly string[]): Progress {
  return out.isTty ? liveProgress(out, names) : plainProgress(out);
}

/** One line for each part, drawn over itself. */
function liveProgress(out: Output, names: readonly string[]): Progress {
  const lines = new Map<string, Line>(names.map((name) => [name, { mark: 'working', text: '' }]));
  const width = Math.max(...names.map((name) => name.length));
  const marks: Record<Mark, string> = {
    working: out.style('gray', '·'),
    done: out.style('green', '✓'),
    failed: out.style('red', '✗'),
  };
  let drawn = 0;
  const draw = (): void => {
    const text = [...lines].map(([name, line]) => {
      const room = Math.max(0, out.columns - width - 6);
      return `\x1b[2K ${marks[line.mark]} ${name.padEnd(width)}  ${line.text.slice(0, room)}\n`;
    });
    out.write(`${drawn > 0 ? `\x1b[${drawn}A` : ''}${text.join('')}`);
    drawn = text.length;
  };
  const set = (mark: Mark) => (name: string, text: string) => {
    const before = lines.get(name);
    if (before?.mark === mark && before.text === text) return;
    lines.set(name, { mark, text });
    draw();
  };
  if (names.length > 0) draw();
  return { update: set('working'), done: set('done'), failed: set('failed') };
}

function plainProgress(out: Output): Progress {
  const line = (name: string, text: string): void => out.write(`${name}: ${text}\n`);
  return { update: () => undefined, done: line, failed: line };
}

/** `0.84 s`: how long something took. */
export const formatSeconds = (milliseconds: number): string =>
  `${(milliseconds / 1000).toFixed(2)} s`;
