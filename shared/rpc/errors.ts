import { Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { type ErrorCode, type ErrorDetails, errorCodes, QuorateError } from '#shared/base';

const statusTrailer = 'quorate-status-bin';

/** What travels beside the gRPC code, so that a client sees the same error the server threw. */
interface WireError {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}

/** Codes a bare gRPC status stands for, where no trailer says more. */
const byGrpcCode = new Map<number, ErrorCode>([
  [1, 'canceled'],
  [2, 'unknown'],
  [3, 'bad-request'],
  [4, 'deadline-exceeded'],
  [5, 'not-found'],
  [6, 'already-exists'],
  [7, 'forbidden'],
  [8, 'resource-exhausted'],
  [9, 'failed-precondition'],
  [10, 'conflict'],
  [11, 'out-of-range'],
  [12, 'unimplemented'],
  [13, 'internal'],
  [14, 'unavailable'],
  [15, 'data-loss'],
  [16, 'unauthenticated'],
]);

/** A thrown value as the status a gRPC call ends with. Messages go out as they are. */
export function toStatus(thrown: unknown): Partial<StatusObject> {
  const error = QuorateError.from(thrown);
  const metadata = new Metadata();
  const wire: WireError = { code: error.code, details: error.details };
  metadata.set(statusTrailer, Buffer.from(JSON.stringify(wire)));
  return { code: errorCodes[error.code].grpc, details: error.message, metadata };
}

/** The other way: a failed call's error as the QuorateError the server threw. */
export function fromServiceError(thrown: unknown): QuorateError {
  if (thrown instanceof QuorateError) return thrown;
  const status = thrown as Partial<ServiceError>;
  if (typeof status?.code !== 'number') return QuorateError.from(thrown);
  const wire = parseWire(status.metadata?.get(statusTrailer)[0]);
  const code = wire?.code ?? byGrpcCode.get(status.code) ?? 'unknown';
  const message = status.details ?? status.message ?? 'unknown error';
  return new QuorateError(code, withoutPadding(message), {
    cause: thrown,
    ...(wire && { details: wire.details }),
  });
}

/** grpc-js wraps what went wrong in empty words: `Last error: Error: … Resolution note: `. */
function withoutPadding(message: string): string {
  const match =
    /^(No connection established)\. Last error: (?:Error: )?(.*)\. Resolution note: (.*)$/s.exec(
      message,
    );
  if (!match) return message;
  const [, what = '', why = '', note = ''] = match;
  return `${what}: ${why}${note === '' ? '' : ` (${note})`}`;
}

function parseWire(value: unknown): WireError | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  try {
    const wire = JSON.parse(Buffer.from(value).toString()) as WireError;
    return wire.code in errorCodes ? wire : undefined;
  } catch {
    // A foreign server's trailer of the same name: its gRPC code still says enough.
    return undefined;
  }
}
