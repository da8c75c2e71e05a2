import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';

/** How long a server that failed is only asked when every other one has failed as well. */
const avoidMs = 1_000;

export interface ServerPool<S> {
  /**
   * Asks one server after the other, each at most once, until one answers. `repeatable` says that
   * the call may be sent again after a server may have carried it out: reads, and writes that cannot
   * take effect twice. Any other call goes on to the next server only where it surely never left
   * this process. The server that answered is asked first the next time.
   */
  call<T>(repeatable: boolean, send: (server: S) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** The same for a stream; once something has arrived its failure is the caller's to handle. */
  stream<T>(open: (server: S) => AsyncIterable<T>, signal?: AbortSignal): AsyncIterable<T>;
}

interface Entry<S> {
  readonly server: S;
  avoidUntil: number;
}

export function createServerPool<S>(servers: readonly S[], clock: Clock): ServerPool<S> {
  const entries: Entry<S>[] = servers.map((server) => ({ server, avoidUntil: 0 }));
  let current = 0;

  /** The order to ask in: round from the current one, those that failed lately at the end. */
  const order = (): Entry<S>[] => {
    const now = clock.monotonic();
    const round = [...entries.slice(current), ...entries.slice(0, current)];
    const rank = (entry: Entry<S>): number => (entry.avoidUntil > now ? entry.avoidUntil : 0);
    return round.sort((a, b) => rank(a) - rank(b));
  };
  const answered = (entry: Entry<S>): void => {
    entry.avoidUntil = 0;
    current = entries.indexOf(entry);
  };
  /** Throws unless the next server should be asked. */
  const failed = (entry: Entry<S>, thrown: unknown, repeatable: boolean): void => {
    if (!QuorateError.is(thrown, 'unavailable', 'deadline-exceeded')) {
      if (QuorateError.is(thrown)) answered(entry);
      throw thrown;
    }
    entry.avoidUntil = clock.monotonic() + avoidMs;
    if (!repeatable && !neverSent(thrown)) throw thrown;
  };

  /** Of two failures the one to report: that of a server that was reached says more. */
  const telling = (before: unknown, now: unknown): unknown =>
    QuorateError.is(before) && QuorateError.is(now) && neverSent(now) ? before : now;

  return {
    async call(repeatable, send, signal) {
      let last: unknown;
      for (const entry of order()) {
        try {
          const result = await send(entry.server);
          answered(entry);
          return result;
        } catch (thrown) {
          const failure = signal?.aborted ? thrown : brokenOff(thrown);
          failed(entry, failure, repeatable);
          last = telling(last, failure);
        }
      }
      throw last ?? new QuorateError('unavailable', 'no API server is configured');
    },
    async *stream(open, signal) {
      let last: unknown;
      for (const entry of order()) {
        let delivered = false;
        try {
          for await (const item of open(entry.server)) {
            if (!delivered) answered(entry);
            delivered = true;
            yield item;
          }
          return;
        } catch (thrown) {
          const failure = signal?.aborted ? thrown : brokenOff(thrown);
          failed(entry, failure, !delivered);
          last = telling(last, failure);
        }
      }
      throw last ?? new QuorateError('unavailable', 'no API server is configured');
    },
  };
}

/** A call cancelled by nobody on this side was cut off by a server that stops. */
function brokenOff(thrown: unknown): unknown {
  if (!QuorateError.is(thrown, 'canceled')) return thrown;
  return new QuorateError('unavailable', 'the server closed the connection', { cause: thrown });
}

/** True where the transport says that no server has seen the call. */
function neverSent(error: QuorateError): boolean {
  return /^(No connection established|Name resolution failed)/.test(error.message);
}
