import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import {
  decodeAnswer,
  decodeError,
  encodeHello,
  type Hello,
  type PeerAnswer,
} from '../wire/peer.ts';
import { Connection } from './connection.ts';
import { parseAddress } from '../address.ts';
import type { PeerSecurity } from './security.ts';

export interface CallOptions {
  readonly address: string;
  readonly hello: Hello;
  readonly security: PeerSecurity;
  readonly clock: Clock;
  /** Until the other side has said that this is welcome. */
  readonly timeoutMs: number;
}

/** The other side may be busy with its disk for long. */
export const patientPingMs = 30_000;

/**
 * A connection for one purpose: hello, whatever `speak` writes once it is welcome, one answer. `speak`
 * is given a way to wait until what it wrote has gone out, or the connection has ended.
 */
export function converse(
  { address, hello, security, clock, timeoutMs }: CallOptions,
  speak: (connection: Connection, drained: () => Promise<void>) => Promise<void>,
): Promise<PeerAnswer> {
  return new Promise((resolve, reject) => {
    let wake: (() => void) | undefined;
    const drained = (): Promise<void> =>
      new Promise((resume) => {
        wake = resume;
        if (connection.closed) resume();
      });
    const patience = clock.after(timeoutMs, () => {
      connection.destroy(new QuorateError('unavailable', `no answer in ${timeoutMs} ms`));
    });
    const socket = security.connect(parseAddress(address), () => {
      connection.write('hello', encodeHello(hello));
    });
    const events = {
      frame(kind: string, payload: Buffer): void {
        if (kind === 'answer') resolve(decodeAnswer(payload).answer);
        if (kind !== 'welcome') {
          connection.destroy(kind === 'refusal' ? decodeError(payload) : undefined);
          return;
        }
        patience.cancel();
        connection.trust();
        speak(connection, drained).catch((thrown: unknown) => {
          connection.destroy(QuorateError.from(thrown));
        });
      },
      drained: () => wake?.(),
      closed(reason: QuorateError): void {
        patience.cancel();
        reject(reason);
        wake?.();
      },
    };
    const connection: Connection = new Connection(socket, clock, events, patientPingMs);
  });
}
