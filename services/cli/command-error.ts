import { errorCodes, messageOf, QuorateError } from '#shared/base';

/** What ends a verb: a line for people (`error: …`) and the exit code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  /** Printed after the message, on lines of its own: what to do next. */
  readonly hint: string | undefined;

  constructor(message: string, options: { exitCode?: number; hint?: string } = {}) {
    super(message);
    this.exitCode = options.exitCode ?? 1;
    this.hint = options.hint;
  }
}

/** Where an object came from, for the messages of apply, create, replace and delete. */
export interface ErrorSource {
  /** `creating`, `applying patch to`, … */
  readonly doing: string;
  /** File name, or `STDIN`. */
  readonly source: string;
}

/** The text of any error in kubectl's wording, without a newline at its end. */
export function describeError(thrown: unknown, source?: ErrorSource): string {
  if (thrown instanceof CommandError) {
    return `error: ${thrown.message}${thrown.hint === undefined ? '' : `\n${thrown.hint}`}`;
  }
  if (!(thrown instanceof QuorateError)) {
    return `error: ${messageOf(thrown)}`;
  }
  if (thrown.code === 'invalid') return describeInvalid(thrown);
  const where = source ? `error when ${source.doing} "${source.source}": ` : '';
  if (thrown.code === 'unavailable') {
    return `${where}${describeUnreachable(thrown.message)}\n${unreachableHint}`;
  }
  return `Error from server (${errorCodes[thrown.code].reason}): ${where}${thrown.message}`;
}

/** grpc-js says in many words that nobody listens there. */
function describeUnreachable(message: string): string {
  const refused = /connect ECONNREFUSED (\S+)/.exec(message)?.[1];
  return refused === undefined
    ? `Unable to reach the API server: ${message}`
    : `The connection to the server ${refused.replace(/\.$/, '')} was refused.`;
}

const unreachableHint =
  'Is the cluster running? `quorate status` shows its processes, `quorate up` starts what is missing.';

/** kubectl's special form: `The Pod "x" is invalid:` and one line per wrong field. */
function describeInvalid(error: QuorateError): string {
  const { kind, name, causes = [] } = error.details;
  if (!kind || causes.length === 0) {
    return `Error from server (Invalid): ${error.message}`;
  }
  const lines = causes.map(({ field, message }) => (field ? `${field}: ${message}` : message));
  const head = `The ${kind} "${name ?? ''}" is invalid:`;
  if (lines.length === 1) return `${head} ${lines[0]}`;
  return `${head} \n${lines.map((line) => `* ${line}`).join('\n')}`;
}
