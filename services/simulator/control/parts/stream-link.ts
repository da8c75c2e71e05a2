import type { QuorateError } from '#shared/base';
import type { Network } from '../../world/network.ts';
import type { Scheduler } from '../../world/scheduler.ts';
import type { Caller, Listening } from './ends.ts';
import { broken, errorOverTheWire } from './wire.ts';

/** A peer that answers no keepalive is gone. */
const noticeCutMs = 5_000;
/** Messages under way on one stream: then the sender waits, as HTTP/2's windows make it. */
const windowMax = 32;

/** What has arrived and was not taken yet. */
export class Inbox<T> {
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

/** `lagMs`: how much slower it is than a call. */
interface World {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly lagMs: number;
}

/** One stream's way from server to client. */
export class StreamLink<T> {
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

  /** The connection breaks, for both. */
  drop(): void {
    this.#break();
    this.#stopSourceSoon();
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
    const { scheduler, network, lagMs } = this.#world;
    if (this.#underway.length === 0) return;
    this.#carrying = true;
    scheduler.at(this.#caller.process, scheduler.now + network.delay() + lagMs, () => {
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
        this.drop();
      },
      1000,
    );
  }

  #stopSourceSoon(): void {
    const { scheduler } = this.#world;
    scheduler.at(this.#server.process, scheduler.now + 1, () => this.#stopSource());
  }

  #stopSource(): void {
    this.#gone.abort();
    this.#roomAgain();
  }
}
