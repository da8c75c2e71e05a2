import { QuorateError } from '#shared/base';
import type { ApiClient, NodeApi } from '#shared/client';
import type { User } from '#services/apiserver';
import type { Network } from '../../world/network.ts';
import type { SimProcess } from '../../world/process.ts';
import type { Scheduler } from '../../world/scheduler.ts';

/** An API server that listens: its machine's name is its address. */
export interface Listening {
  readonly machine: string;
  readonly process: SimProcess;
  apiAs(user: User): ApiClient & NodeApi;
}

/** Who calls, from where. */
export interface Caller {
  readonly machine: string;
  readonly process: SimProcess;
  readonly user: User;
}

/** As the real client's: a call without an answer is given up. */
const callMs = 10_000;
/** A peer that answers no keepalive is gone. */
const noticeCutMs = 5_000;
/** Messages under way on one stream: then the sender waits, as HTTP/2's windows make it. */
const windowMax = 32;

const broken = (): QuorateError => new QuorateError('unavailable', 'the connection dropped');

/**
 * Connections between clients and API servers: calls have an answer, an error, or no answer at all;
 * streams are ordered and lose nothing until they break.
 */
export class Links {
  readonly listening = new Map<string, Listening>();
  readonly #scheduler: Scheduler;
  readonly #network: Network;

  readonly #watchLagMs: number;

  constructor(scheduler: Scheduler, network: Network, watchLagMs: number) {
    this.#scheduler = scheduler;
    this.#network = network;
    this.#watchLagMs = watchLagMs;
  }

  /** One call. What the server does with a call whose client has gone is not known to anybody. */
  call<T>(
    caller: Caller,
    address: string,
    send: (api: ApiClient & NodeApi, signal: AbortSignal) => Promise<T>,
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
      const back = (finish: () => void): void =>
        network.call(address, caller.machine, caller.process, () => end(finish));
      network.call(caller.machine, address, server.process, () => {
        send(server.apiAs(caller.user), gone.signal).then(
          (value) => back(() => resolve(overTheWire(value))),
          (thrown: unknown) => back(() => reject(errorOverTheWire(thrown))),
        );
      });
    });
  }

  /** A stream of the server's, as its client gets it. */
  async *stream<T>(
    caller: Caller,
    address: string,
    open: (api: ApiClient & NodeApi, signal: AbortSignal) => AsyncIterable<T>,
    signal?: AbortSignal,
  ): AsyncGenerator<T, void> {
    const server = this.listening.get(address);
    if (!server) {
      await new Promise<void>((resolve) => this.#later(caller, resolve));
      throw neverSent();
    }
    const received = new Inbox<T>();
    const stop = (): void => received.end(undefined);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) return;
    const link = new StreamLink<T>(
      { scheduler: this.#scheduler, network: this.#network, watchLagMs: this.#watchLagMs },
      caller,
      server,
      received,
    );
    link.open((serverSignal) => open(server.apiAs(caller.user), serverSignal));
    try {
      for (;;) {
        const item = await received.next();
        if (!item) return;
        yield overTheWire(item.value);
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      link.close();
    }
  }

  #later(caller: Caller, fn: () => void): void {
    this.#scheduler.at(caller.process, this.#scheduler.now + 1, fn);
  }
}

/** What has arrived and was not taken yet. */
class Inbox<T> {
  readonly #items: T[] = [];
  #ended: { readonly error: QuorateError | undefined } | undefined;
  #wake: () => void = () => undefined;

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  end(error: QuorateError | undefined): void {
    this.#ended ??= { error };
    this.#wake();
  }

  async next(): Promise<{ readonly value: T } | undefined> {
    for (;;) {
      if (this.#ended && !this.#ended.error) return undefined;
      if (this.#items.length > 0) return { value: this.#items.shift() as T };
      if (this.#ended?.error) throw this.#ended.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

interface World {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly watchLagMs: number;
}

/** One stream's way from server to client. */
class StreamLink<T> {
  readonly #world: World;
  readonly #caller: Caller;
  readonly #server: Listening;
  readonly #inbox: Inbox<T>;
  readonly #gone = new AbortController();
  readonly #forget: (() => void)[];
  #closed = false;
  /** Sent and not arrived: the first is on its way. */
  #underway: (() => void)[] = [];
  #carrying = false;
  #stalledSince: number | undefined;
  #roomAgain: () => void = () => undefined;

  constructor(world: World, caller: Caller, server: Listening, inbox: Inbox<T>) {
    this.#world = world;
    this.#caller = caller;
    this.#server = server;
    this.#inbox = inbox;
    this.#forget = [
      caller.process.whenKilled(() => this.close()),
      server.process.whenKilled(() => this.#break()),
    ];
  }

  open(source: (signal: AbortSignal) => AsyncIterable<T>): void {
    const { network } = this.#world;
    const { machine } = this.#caller;
    let opened = false;
    const request = (): void =>
      network.call(machine, this.#server.machine, this.#server.process, () => {
        if (opened || this.#closed) return;
        opened = true;
        void this.#pump(source(this.#gone.signal));
      });
    request();
    // A request that a cut has swallowed is sent again, like all that a connection carries.
    this.#watchCut(() => {
      if (!opened) request();
    });
  }

  /** By the client, or with it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const forget of this.#forget) forget();
    const { network } = this.#world;
    network.call(this.#caller.machine, this.#server.machine, this.#server.process, () =>
      this.#stopSource(),
    );
  }

  /** Its server has died, or is thought to have. */
  #break(): void {
    if (this.#closed) return;
    const { scheduler } = this.#world;
    const { process } = this.#caller;
    this.#underway = [];
    scheduler.at(process, scheduler.now + 1, () => this.#inbox.end(broken()));
  }

  async #pump(source: AsyncIterable<T>): Promise<void> {
    try {
      for await (const item of source) {
        if (this.#closed) return;
        this.#send(() => this.#inbox.push(item));
        while (this.#underway.length >= windowMax && !this.#gone.signal.aborted) {
          await new Promise<void>((resolve) => {
            this.#roomAgain = resolve;
          });
        }
      }
      this.#send(() => this.#inbox.end(undefined));
    } catch (thrown) {
      this.#send(() => this.#inbox.end(errorOverTheWire(thrown)));
    }
  }

  #send(arrive: () => void): void {
    this.#underway.push(arrive);
    if (!this.#carrying) this.#carry();
  }

  #carry(): void {
    const { scheduler, network, watchLagMs } = this.#world;
    if (this.#underway.length === 0) return;
    this.#carrying = true;
    scheduler.at(this.#caller.process, scheduler.now + network.delay() + watchLagMs, () => {
      this.#carrying = false;
      // Sent again once there is a way.
      if (!network.reaches(this.#server.machine, this.#caller.machine)) return;
      // What is sent in one go arrives in one go.
      for (const arrive of this.#underway.splice(0)) arrive();
      this.#roomAgain();
      this.#carry();
    });
  }

  /** Each side notices for itself that nothing comes any more; here one looks for both. */
  #watchCut(connected: () => void): void {
    const { scheduler, network } = this.#world;
    const { machine, process } = this.#caller;
    const look = scheduler.at(
      process,
      scheduler.now + 1000,
      () => {
        if (this.#closed) {
          look.cancel();
          return;
        }
        if (network.connects(machine, this.#server.machine)) {
          this.#stalledSince = undefined;
          connected();
          if (!this.#carrying) this.#carry();
          return;
        }
        this.#stalledSince ??= scheduler.now;
        if (scheduler.now - this.#stalledSince < noticeCutMs) return;
        look.cancel();
        this.#break();
        scheduler.at(this.#server.process, scheduler.now + 1, () => this.#stopSource());
      },
      1000,
    );
  }

  #stopSource(): void {
    this.#gone.abort();
    this.#roomAgain();
  }
}

const neverSent = (): QuorateError =>
  new QuorateError('unavailable', 'No connection established. Last error: ECONNREFUSED');

/** As JSON: what one side does to an object, the other does not see. */
function overTheWire<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

function errorOverTheWire(thrown: unknown): QuorateError {
  const { code, message, details } = QuorateError.from(thrown);
  return new QuorateError(code, message, details === undefined ? {} : { details });
}
