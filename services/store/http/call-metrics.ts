import type { DurationHistogram, MetricsText } from '#shared/runtime';

export interface MethodCounts {
  readonly service: string;
  readonly method: string;
  readonly type: string;
  readonly started: number;
  readonly received: number;
  readonly sent: number;
  readonly handled: readonly number[];
  readonly took: DurationHistogram | undefined;
}

export interface GrpcBytes {
  readonly read: number;
  readonly written: number;
}

/** By number, in the words of Go's gRPC. */
const codeNames = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

/** What clients have called, and how it ended. */
export function writeCalls(
  out: MetricsText,
  methods: readonly MethodCounts[],
  { read, written }: GrpcBytes,
): void {
  out.counter(
    'etcd_network_client_grpc_received_bytes_total',
    'The total number of bytes received from grpc clients.',
    read,
  );
  out.counter(
    'etcd_network_client_grpc_sent_bytes_total',
    'The total number of bytes sent to grpc clients.',
    written,
  );
  const labelsOf = ({ method, service, type }: MethodCounts): Record<string, string> => ({
    grpc_method: method,
    grpc_service: service,
    grpc_type: type,
  });
  out.counter(
    'grpc_server_started_total',
    'Total number of RPCs started on the server.',
    methods.map((counts) => ({ labels: labelsOf(counts), value: counts.started })),
  );
  out.counter(
    'grpc_server_handled_total',
    'Total number of RPCs completed on the server, regardless of success or failure.',
    methods.flatMap((counts) =>
      codeNames.flatMap((name, code) => {
        const value = counts.handled[code] ?? 0;
        const labels = { grpc_code: name, ...labelsOf(counts) };
        // A series exists from its first call on; `OK` always does, so that rates begin at 0.
        return value > 0 || code === 0 ? [{ labels, value }] : [];
      }),
    ),
  );
  for (const way of ['received', 'sent'] as const) {
    out.counter(
      `grpc_server_msg_${way}_total`,
      `Total number of RPC stream messages ${way} on the server.`,
      methods.map((counts) => ({ labels: labelsOf(counts), value: counts[way] })),
    );
  }
  writeStreamFailures(out, methods);
  const timed = methods.flatMap((counts) =>
    counts.took ? [{ labels: labelsOf(counts), histogram: counts.took }] : [],
  );
  if (timed.length === 0) return;
  out.histogram(
    'grpc_server_handling_seconds',
    'Histogram of response latency (seconds) of gRPC that had been application-level handled by the server.',
    timed,
  );
}

const streamNames = new Map([
  ['Watch', 'watch'],
  ['LeaseKeepAlive', 'lease-keepalive'],
]);

/** Streams that ended with an error, but for what the client has cancelled. */
function writeStreamFailures(out: MetricsText, methods: readonly MethodCounts[]): void {
  const canceled = codeNames.indexOf('Canceled');
  const samples = methods.flatMap(({ method, type, handled }) => {
    const API = streamNames.get(method);
    if (API === undefined || type !== 'bidi_stream') return [];
    const failed = codeNames.map((_, code) => (code > canceled ? (handled[code] ?? 0) : 0));
    const value = failed.reduce((sum, count) => sum + count, 0);
    return [{ labels: { Type: 'receive', API }, value }];
  });
  out.counter(
    'etcd_network_server_stream_failures_total',
    'The total number of stream failures from the local server.',
    samples,
  );
}
