import { createRequire } from 'node:module';
import type { DestinationStream, LoggerOptions, pino as Pino } from 'pino';
import { formatLogLine } from './log-text.ts';

/** Loaded with the first logger: the command line imports this folder and never logs. */
const loadPino = (): typeof Pino => createRequire(import.meta.url)('pino') as typeof Pino;

/** What components log through. Fields first, then the message; never a secret among them. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** `json`: one object per line, for machines. `text`: one line of words, for a terminal. */
export type LogFormat = 'json' | 'text';
export const logFormats: readonly LogFormat[] = ['json', 'text'];

export interface LoggerSettings {
  readonly level: LogLevel;
  readonly component: string;
  /** Absent: json. */
  readonly format?: LogFormat;
}

/** Each line holds `ts` (UTC), `level`, `component`, `msg`, then the fields. Default: standard out. */
export function createLogger(options: LoggerSettings, destination?: DestinationStream): Logger {
  const pino = loadPino();
  const settings: LoggerOptions = {
    level: options.level,
    messageKey: 'msg',
    timestamp: () => `,"ts":"${new Date().toISOString()}"`,
    // Both names are in use for a thrown value; without this an Error would print as {}.
    serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
    formatters: { level: (label) => ({ level: label }) },
  };
  const sink = destination ?? pino.destination({ dest: 1, sync: true });
  const lines: DestinationStream =
    options.format === 'text' ? { write: (line) => sink.write(`${formatLogLine(line)}\n`) } : sink;
  // A child of pino's writes a field again that its parent has; a reader would see the key twice.
  const withFields = (base: Record<string, unknown>): Logger => {
    const logger = pino({ ...settings, base }, lines);
    return {
      debug: (fields, message) => logger.debug(fields, message),
      info: (fields, message) => logger.info(fields, message),
      warn: (fields, message) => logger.warn(fields, message),
      error: (fields, message) => logger.error(fields, message),
      child: (fields) => withFields({ ...base, ...fields }),
    };
  };
  return withFields({ component: options.component });
}

/** Every line goes to each of them: `stderr`, `stdout` or the path of a file, which is added to. */
export function logDestination(outputs: readonly string[]): DestinationStream {
  const pino = loadPino();
  const descriptors: Readonly<Record<string, number>> = { stdout: 1, stderr: 2 };
  const streams = outputs.map((output) =>
    pino.destination({ dest: descriptors[output] ?? output, sync: true }),
  );
  return {
    write: (line) => {
      for (const stream of streams) stream.write(line);
    },
  };
}
