import { styleText } from 'node:util';
import type { Environment } from '#shared/runtime';

export type Style = Parameters<typeof styleText>[0];

/** A stream people or programs read. All output of the command line goes through one of two. */
export interface Output {
  readonly isTty: boolean;
  /** Width in characters; 80 where nobody says. */
  readonly columns: number;
  write(text: string): void;
  writeBytes(bytes: Uint8Array): void;
  /** `text` in a colour where the reader sees colours, else as it is. */
  style(format: Style, text: string): string;
}

/** The part of a writable stream that an Output needs. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(data: string | Uint8Array): unknown;
}

/** https://no-color.org: NO_COLOR wins, then FORCE_COLOR, then whether it is a terminal. */
export function wantsColor(env: Environment, isTty: boolean): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0';
  return isTty && env['TERM'] !== 'dumb';
}

export function createOutput(stream: OutputStream, env: Environment): Output {
  const isTty = stream.isTTY === true;
  const colored = wantsColor(env, isTty);
  return {
    isTty,
    // Some pseudo-terminals say 0.
    columns: stream.columns || 80,
    write: (text) => void stream.write(text),
    writeBytes: (bytes) => void stream.write(bytes),
    style: (format, text) => (colored ? styleText(format, text, { validateStream: false }) : text),
  };
}
