/** How one error code is said in gRPC (google.rpc.Code) and in the Kubernetes API (Status). */
export interface ErrorCodeInfo {
  readonly grpc: number;
  readonly http: number;
  readonly reason: string;
}

/**
 * Every code an error of ours can have. The tables to gRPC and to Kubernetes' Status stand in one
 * place so that no transport can map a code differently.
 */
export const errorCodes = {
  /** The caller went away, or cancelled. */
  canceled: { grpc: 1, http: 499, reason: 'Canceled' },
  /** Not one of ours: somebody else's error passed through. */
  unknown: { grpc: 2, http: 500, reason: 'Unknown' },
  /** The request is malformed, whatever the state of the cluster (Kubernetes: 400). */
  'bad-request': { grpc: 3, http: 400, reason: 'BadRequest' },
  /** The object was understood and is not valid; details name the fields (Kubernetes: 422). */
  invalid: { grpc: 3, http: 422, reason: 'Invalid' },
  /** The request or object is over a size limit. */
  'too-large': { grpc: 3, http: 413, reason: 'RequestEntityTooLarge' },
  /** The body is of a media type that is not understood here. */
  'unsupported-media-type': { grpc: 3, http: 415, reason: 'UnsupportedMediaType' },
  /** The client takes no media type that can be given. */
  'not-acceptable': { grpc: 3, http: 406, reason: 'NotAcceptable' },
  'deadline-exceeded': { grpc: 4, http: 504, reason: 'Timeout' },
  'not-found': { grpc: 5, http: 404, reason: 'NotFound' },
  'already-exists': { grpc: 6, http: 409, reason: 'AlreadyExists' },
  forbidden: { grpc: 7, http: 403, reason: 'Forbidden' },
  /** A quota or a rate limit; trying later may help. */
  'resource-exhausted': { grpc: 8, http: 429, reason: 'TooManyRequests' },
  /** The state of the system does not allow this; trying again without a change is no use. */
  'failed-precondition': { grpc: 9, http: 409, reason: 'FailedPrecondition' },
  /** The writer has lost its election: see fencing. */
  fenced: { grpc: 9, http: 409, reason: 'Fenced' },
  /** The object changed in between: read it again and retry. */
  conflict: { grpc: 10, http: 409, reason: 'Conflict' },
  /** The revision asked for is compacted away: list again. */
  expired: { grpc: 11, http: 410, reason: 'Expired' },
  /** A value lies outside what is possible, such as a future revision. */
  'out-of-range': { grpc: 11, http: 400, reason: 'BadRequest' },
  unimplemented: { grpc: 12, http: 405, reason: 'MethodNotAllowed' },
  /** A bug of ours. */
  internal: { grpc: 13, http: 500, reason: 'InternalError' },
  /** Cannot be served now, and another member may: no leader, stopping, no connection. */
  unavailable: { grpc: 14, http: 503, reason: 'ServiceUnavailable' },
  /** Stored data is damaged or lost. */
  'data-loss': { grpc: 15, http: 500, reason: 'DataLoss' },
  unauthenticated: { grpc: 16, http: 401, reason: 'Unauthorized' },
} as const satisfies Record<string, ErrorCodeInfo>;

export type ErrorCode = keyof typeof errorCodes;

/** One field that is wrong: the causes list of a Kubernetes Status. */
export interface FieldCause {
  /** As in a manifest: `spec.containers[0].name`. */
  readonly field: string;
  /** What is wrong with it, for people. */
  readonly message: string;
  /** Kubernetes' FieldValueInvalid, FieldValueRequired, FieldValueNotFound, … */
  readonly reason: string;
}

export interface ErrorDetails {
  /** What the error is about, as in a Status: the resource's group, plural (or kind) and name. */
  readonly group?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly causes?: readonly FieldCause[];
  readonly retryAfterSeconds?: number;
}

/** The one error class: a code that programs match on, and a message for people. */
export class QuorateError extends Error {
  override readonly name = 'QuorateError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: ErrorDetails; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  /** Any thrown value as a QuorateError; what is not one yet becomes `internal`, cause kept. */
  static from(thrown: unknown): QuorateError {
    if (thrown instanceof QuorateError) return thrown;
    const message = messageOf(thrown);
    return new QuorateError('internal', message, { cause: thrown });
  }

  static is(thrown: unknown, ...codes: ErrorCode[]): thrown is QuorateError {
    return thrown instanceof QuorateError && (codes.length === 0 || codes.includes(thrown.code));
  }
}

/** What was thrown says, whatever it is. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
