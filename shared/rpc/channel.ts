import {
  type CallOptions,
  ChannelCredentials,
  type ChannelOptions,
  type Client as GrpcClient,
  type ClientOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import type { QuorateError } from '#shared/base';
import { fromServiceError } from './errors.ts';
import { channelCredentials, type ClientTls } from './tls.ts';

/** Reconnects at once and often: the default back-off outlives an election. */
const channelOptions: ChannelOptions = {
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.min_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 500,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
};

const nameOption = 'grpc.ssl_target_name_override';

interface ClientConstructor<C> {
  new (address: string, creds: ChannelCredentials, options?: ClientOptions): C;
}

/**
 * A client of one generated service at `host:port`; without `tls` in clear text (loopback only). A
 * client made `beside` another one shares its connection, and with that its credentials.
 */
export function connect<C>(
  Client: ClientConstructor<C>,
  address: string,
  beside?: GrpcClient,
  tls?: ClientTls,
): C {
  const options: ClientOptions = beside
    ? { ...channelOptions, channelOverride: beside.getChannel() }
    : { ...channelOptions, ...(tls?.serverName && { [nameOption]: tls.serverName }) };
  return new Client(address, channelCredentials(tls), options);
}

/** No connection could be made, so the server has seen nothing of the call. */
export function wasNeverSent(error: QuorateError): boolean {
  return (
    error.code === 'unavailable' &&
    /^(No connection established|Name resolution failed)/.test(error.message)
  );
}

/** Asks the etcd contract's servers to end a stream with `no leader` when they have lost theirs. */
export function requireLeader(): Metadata {
  const metadata = new Metadata();
  metadata.set('hasleader', 'true');
  return metadata;
}

/** A credential for a single call in clear text, where the token is all the security there is. */
export function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

export type UnaryMethod<Req, Res> = (
  request: Req,
  options: CallOptions,
  callback: (error: ServiceError | null, response?: Res) => void,
) => ClientUnaryCall;

export interface CallLimits {
  /** From now, in milliseconds; absent: no deadline. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One unary call as a promise; rejects with the QuorateError that the server threw. */
export function unary<Req, Res>(
  method: UnaryMethod<Req, Res>,
  request: Req,
  limits: CallLimits = {},
): Promise<Res> {
  return new Promise((resolve, reject) => {
    const call = method(request, callOptions(limits), (error, response) => {
      limits.signal?.removeEventListener('abort', cancel);
      if (error || response === undefined) reject(fromServiceError(error));
      else resolve(response);
    });
    const cancel = (): void => call.cancel();
    limits.signal?.addEventListener('abort', cancel, { once: true });
  });
}

/** A server stream as an async iterable; ends quietly when `signal` aborts it. */
export async function* serverStream<Res>(
  call: ClientReadableStream<Res>,
  signal?: AbortSignal,
): AsyncGenerator<Res, void> {
  const cancel = (): void => call.cancel();
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    for await (const message of call) yield message as Res;
  } catch (thrown) {
    if (!signal?.aborted) throw fromServiceError(thrown);
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
}

function callOptions({ timeoutMs }: CallLimits): CallOptions {
  return timeoutMs === undefined ? {} : { deadline: deadlineIn(timeoutMs) };
}

/** A call's deadline, `ms` from now, in the time that grpc-js lives in. */
export function deadlineIn(ms: number): number {
  return Date.now() + ms;
}
