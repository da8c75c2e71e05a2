import { QuorateError, type Rng } from '#shared/base';
import type { KubeObject } from '#shared/api';
import type { WatchEvent } from '#shared/client';
import type { Network } from '../../world/network.ts';
import type { Scheduler } from '../../world/scheduler.ts';
import type { Caller, Listening, ServerApi } from './ends.ts';
import { Inbox, StreamLink } from './stream-link.ts';
import { answerOverTheWire, broken, errorOverTheWire, sharedCopy } from './wire.ts';

/** As the real client's: a call without an answer is given up. */
const callMs = 10_000;
/** Of a call of a flaky machine, on its way there, and on its way back. */
const breakChance = 0.2;
/** Where answers are late: by up to so much. */
const latestMs = 1500;

/**
 * Connections between clients and API servers: calls have an answer, an error, or no answer at all;
 * streams are ordered and lose nothing until they break.
 */
export class Links {
  readonly listening = new Map<string, Listening>();
  readonly #scheduler: Scheduler;
  readonly #network: Network;
  readonly #rng: Rng;
  readonly #watchLagMs: number;
  /** How to break what is open, by both machines' names. */
  readonly #open = new Set<{ readonly ends: readonly string[]; readonly drop: () => void }>();

  /** Machines some of whose calls break; `all`: everybody's. */
  readonly #flaky = new Set<string>();
  /** Machines that hear late what they are answered. */
  readonly #late = new Set<string>();

  /** Each stream is slower than calls by a time of its own, up to `watchLagMs`. */
  constructor(scheduler: Scheduler, network: Network, rng: Rng, watchLagMs: number) {
    this.#scheduler = scheduler;
    this.#network = network;
    this.#rng = rng;
    this.#watchLagMs = watchLagMs;
  }

  /** Breaks every connection of a machine; whoever has one on the other side notices at once. */
  reset(machine: string): void {
    for (const { ends, drop } of this.#open) if (ends.includes(machine)) drop();
  }

  /** One machine, or `all`, until the result is called. */
  makeFlaky(machine: string): () => void {
    this.#flaky.add(machine);
    return () => void this.#flaky.delete(machine);
  }

  /** One machine, until the result is called. */
  makeLate(machine: string): () => void {
    this.#late.add(machine);
    return () => void this.#late.delete(machine);
  }

  healAll(): void {
    this.#flaky.clear();
    this.#late.clear();
  }

  #breaks(caller: Caller, address: string): boolean {
    const isFlaky = ['all', caller.machine, address].some((name) => this.#flaky.has(name));
    return isFlaky && this.#rng.next() < breakChance;
  }

  /** One call. What the server does with a call whose client has gone is not known to anybody. */
  call<T>(
    caller: Caller,
    address: string,
    send: (api: ServerApi, signal: AbortSignal) => Promise<T>,
    { signal, timeoutMs = callMs }: { signal?: AbortSignal | undefined; timeoutMs?: number } = {},
  ): Promise<T> {
    const scheduler = this.#scheduler;
    const network = this.#network;
    return new Promise((resolve, reject) => {
      const server = this.listening.get(address);
      if (!server) {
        this.#later(caller, () => reject(neverSent()));
        return;
      }
      const gone = new AbortController();
      let over = false;
      const leave = (): void => {
        network.call(caller.machine, address, server.process, () => gone.abort());
      };
      const end = (finish: () => void): void => {
        if (over) return;
        over = true;
        overdue.cancel();
        forgetServer();
        forgetClient();
        this.#open.delete(connection);
        signal?.removeEventListener('abort', cancel);
        finish();
      };
      const cancel = (): void => {
        leave();
        end(() => reject(new QuorateError('canceled', 'the call was cancelled')));
      };
      const overdue = scheduler.at(caller.process, scheduler.now + timeoutMs, () =>
        end(() => {
          leave();
          reject(new QuorateError('deadline-exceeded', 'Deadline exceeded'));
        }),
      );
      const forgetClient = caller.process.whenKilled(leave);
      const forgetServer = server.process.whenKilled(() =>
        network.call(address, caller.machine, caller.process, () => end(() => reject(broken()))),
      );
      signal?.addEventListener('abort', cancel, { once: true });
      const connection = {
        ends: [caller.machine, address],
        drop: () =>
          scheduler.soon(caller.process, () =>
            end(() => {
              leave();
              reject(broken());
            }),
          ),
      };
      this.#open.add(connection);
      const back = (finish: () => void): void => {
        if (this.#breaks(caller, address)) connection.drop();
        else
          this.#answer(caller, () =>
            network.call(address, caller.machine, caller.process, () => end(finish)),
          );
      };
      network.call(caller.machine, address, server.process, () => {
        if (this.#breaks(caller, address)) {
          connection.drop();
          return;
        }
        send(server.apiAs(caller.user), gone.signal).then(
          (value) => back(() => resolve(answerOverTheWire(value))),
          (thrown: unknown) => back(() => reject(errorOverTheWire(thrown))),
        );
      });
    });
  }

  /** A watch of the server's, as its client gets it. */
  async *watch<T extends KubeObject>(
    caller: Caller,
    address: string,
    open: (api: ServerApi, signal: AbortSignal) => AsyncIterable<WatchEvent<T>>,
    signal?: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>, void> {
    const server = this.listening.get(address);
    if (!server) {
      await new Promise<void>((resolve) => this.#later(caller, resolve));
      throw neverSent();
    }
    const received = new Inbox<WatchEvent<T>>();
    const stop = (): void => received.end(undefined);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) return;
    const lagMs = this.#watchLagMs * this.#rng.next();
    const world = { scheduler: this.#scheduler, network: this.#network, lagMs };
    const link = new StreamLink<WatchEvent<T>>(world, caller, server, received);
    const connection = { ends: [caller.machine, address], drop: () => link.drop() };
    this.#open.add(connection);
    link.open((serverSignal) => open(server.apiAs(caller.user), serverSignal));
    try {
      for (;;) {
        const item = await received.next();
        if (!item) return;
        yield { type: item.value.type, object: sharedCopy(item.value.object) };
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#open.delete(connection);
      link.close();
    }
  }

  #answer(caller: Caller, send: () => void): void {
    if (!this.#late.has(caller.machine)) send();
    else
      this.#scheduler.at(caller.process, this.#scheduler.now + latestMs * this.#rng.next(), send);
  }

  #later(caller: Caller, fn: () => void): void {
    this.#scheduler.at(caller.process, this.#scheduler.now + 1, fn);
  }
}

const neverSent = (): QuorateError =>
  new QuorateError('unavailable', 'No connection established. Last error: ECONNREFUSED');
