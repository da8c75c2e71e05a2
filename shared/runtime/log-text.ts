const levelTags = new Map([
  ['debug', 'DEBUG'],
  ['info', 'INFO '],
  ['warn', 'WARN '],
  ['error', 'ERROR'],
  ['fatal', 'FATAL'],
]);

/**
 * A JSON log line as a line for people: time, level, component, message, then `key=value` fields.
 * A line that is not one of ours (a crash of the runtime, say) comes back as it is.
 */
export function formatLogLine(line: string): string {
  const record = parseRecord(line);
  if (record === undefined) return line.trimEnd();
  const { ts, level, component, msg, ...fields } = record;
  const time = typeof ts === 'string' ? ts.slice(11, 23) : '';
  const tag = levelTags.get(String(level)) ?? String(level);
  const { err: short, error, ...rest } = fields;
  const err = short ?? error;
  const pairs = Object.entries(rest).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  return `${time} ${tag} ${String(component)}: ${String(msg)}${pairs.join('')}${formatError(err)}`;
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const record = JSON.parse(line) as Record<string, unknown>;
    return 'level' in record && 'msg' in record ? record : undefined;
  } catch {
    return undefined;
  }
}

function formatValue(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'undefined';
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

/** pino's shape of an error under `err`: its stack goes on lines of its own. */
function formatError(err: unknown): string {
  if (typeof err !== 'object' || err === null) {
    return err === undefined ? '' : ` err=${formatValue(err)}`;
  }
  const { stack, message } = err as { stack?: unknown; message?: unknown };
  if (typeof stack === 'string') return `\n  ${stack.replaceAll('\n', '\n  ')}`;
  return ` err=${formatValue(message ?? err)}`;
}
