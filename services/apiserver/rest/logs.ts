import { badRequest } from '#shared/api';
import type { LogOptions } from '#shared/client';
import type { Call } from '../requests/call.ts';
import type { Exchange } from './exchange.ts';
import { booleanParam, integerParam } from './query.ts';
import { send } from './watch.ts';

const notYet = ['sinceSeconds', 'sinceTime', 'timestamps'];

/** pods/log: the container's output as it is, for as long as it is followed. */
export async function serveLog(
  call: Call,
  exchange: Exchange,
  stopping: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([exchange.signal, stopping]);
  const options = { ...logOptions(exchange.query), signal };
  const chunks = call.logs(options)[Symbol.asyncIterator]();
  // Until something is there, what goes wrong can be a status.
  let next = await chunks.next();
  exchange.start('text/plain');
  for (; !next.done; next = await chunks.next()) await send(exchange, [next.value], signal);
  exchange.response.end();
}

function logOptions(query: URLSearchParams): LogOptions {
  for (const key of notYet) {
    const value = query.get(key);
    if (value !== null && value !== '' && value !== 'false') {
      throw badRequest(`${key} is not supported by this server`);
    }
  }
  return {
    container: query.get('container') ?? undefined,
    follow: booleanParam(query, 'follow'),
    previous: booleanParam(query, 'previous'),
    tailLines: integerParam(query, 'tailLines'),
    limitBytes: integerParam(query, 'limitBytes'),
  };
}
