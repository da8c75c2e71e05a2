import { badRequest, parseTime } from '#shared/api';
import type { LogOptions } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Call } from '../requests/call.ts';
import type { Exchange } from './exchange.ts';
import { booleanParam, integerParam } from './params.ts';
import { send } from './send.ts';

/** pods/log: the container's output as it is, for as long as it is followed. */
export async function serveLog(
  call: Call,
  exchange: Exchange,
  clock: Clock,
  stopping: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([exchange.signal, stopping]);
  const options = { ...logOptions(exchange.query, clock.now()), signal };
  const chunks = call.logs(options)[Symbol.asyncIterator]();
  // Until something is there, what goes wrong can be a status.
  let next = await chunks.next();
  exchange.start('text/plain');
  for (; !next.done; next = await chunks.next()) await send(exchange, next.value, signal);
  exchange.response.end();
}

function logOptions(query: URLSearchParams, nowMs: number): LogOptions {
  // Both outputs of a container are one log here, as they are by default in Kubernetes.
  const stream = query.get('stream') || 'All';
  if (stream !== 'All') throw badRequest('stream: Forbidden: may not be specified');
  return {
    container: query.get('container') || undefined,
    follow: booleanParam(query, 'follow'),
    previous: booleanParam(query, 'previous'),
    timestamps: booleanParam(query, 'timestamps'),
    tailLines: integerParam(query, 'tailLines'),
    limitBytes: integerParam(query, 'limitBytes'),
    sinceTimeMs: sinceTime(query, nowMs),
  };
}

function sinceTime(query: URLSearchParams, nowMs: number): number | undefined {
  const seconds = integerParam(query, 'sinceSeconds');
  const text = query.get('sinceTime') || undefined;
  if (seconds !== undefined && text !== undefined) {
    throw badRequest('at most one of `sinceTime` or `sinceSeconds` may be specified');
  }
  if (seconds !== undefined) {
    if (seconds > 0) return nowMs - seconds * 1000;
    throw badRequest(`sinceSeconds: Invalid value: ${seconds}: must be greater than 0`);
  }
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (time !== undefined) return time;
  throw badRequest(
    `sinceTime: Invalid value: ${JSON.stringify(text)}: must be a time as in RFC 3339`,
  );
}
