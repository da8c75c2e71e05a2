import { QuorateError } from '#shared/base';
import type { LeaseId } from '#shared/mvcc';
import {
  campaign,
  type Leadership,
  lock,
  observe,
  proclaim,
  resign,
  trusted,
} from '#services/store';
import type { Life } from '../cluster/member.ts';
import { known, type Observed } from './recorder.ts';
import type { Reached, Session } from './session.ts';
import type { ClientWorld } from './world.ts';

export interface QueueOptions {
  readonly client: number;
  readonly world: ClientWorld;
  readonly session: Session;
  readonly newNumber: () => number;
}

/** One begins like the other. Beyond the keys that clients read and write otherwise. */
const names = ['~q', '~q!'];
const longest = 60;
const ttlSeconds = [2, 3, longest];
const patienceMs = [800, 3000, 15_000];
const observersMax = 2;
/** Beyond those that clients give to the leases they hold. */
const firstLease = 2_000_000_000n;
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** Something that is held until it is given up. */
export interface Held {
  readonly lease: LeaseId;
  readonly giveUp: () => Promise<void>;
}

/** Uses locks and elections: each attempt under a lease of its own. */
export class QueueClient {
  readonly #options: QueueOptions;
  readonly #observing: (() => void)[] = [];

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  async lock(pick: number): Promise<void> {
    const lease = await this.#grant(ttlSeconds[pick % ttlSeconds.length] ?? 2);
    if (lease === undefined) return;
    await this.#holds(await this.#lock(nameOf(pick), lease, patienceOf(pick)), pick);
  }

  async campaign(pick: number): Promise<void> {
    const lease = await this.#grant(ttlSeconds[pick % ttlSeconds.length] ?? 2);
    if (lease === undefined) return;
    await this.#holds(await this.#lead(nameOf(pick), lease, pick), pick);
  }

  /** Waits in a line of its own, under a lease that is its own and ends `ttl` seconds after it is done with. */
  async wait(name: string, ttl: number, patience: number): Promise<Held | undefined> {
    const lease = await this.#grant(ttl);
    return lease === undefined ? undefined : this.#lock(name, lease, patience);
  }

  /** Leads as soon as it can, with several words. */
  async lead(name: string): Promise<Held | undefined> {
    const lease = await this.#grant(longest);
    return lease === undefined ? undefined : this.#lead(name, lease, 2);
  }

  /** Undefined: it is not held, as far as anybody knows. */
  async #lock(name: string, lease: LeaseId, patience: number): Promise<Held | undefined> {
    const { world } = this.#options;
    const fromMs = world.scheduler.now;
    let held: Held | undefined;
    await this.#wait(
      ({ kv, life }, signal) => lock({ kv, clock: life.host.serving.clock }, name, lease, signal),
      ({ key, header: { revision } }) => {
        const toMs = world.scheduler.now;
        world.recorder.claims.push({ who: this.#who(), name, key, fromMs, toMs, revision });
        held = { lease, giveUp: () => this.#unlock(key) };
      },
      patience,
    );
    return held;
  }

  /** Nothing of it is left. */
  async end({ lease, giveUp }: Held): Promise<void> {
    await giveUp();
    await this.#revoke(lease);
  }

  observe(pick: number): void {
    if (this.#observing.length === observersMax) this.#observing.shift()?.();
    this.follow(nameOf(pick));
  }

  /** What it is told from now on; undefined: there is nobody to ask. */
  follow(name: string): Observed | undefined {
    const { world, session } = this.#options;
    const life = session.member()?.life;
    if (!life) return undefined;
    const gone = new AbortController();
    const observed: Observed = { who: this.#who(), name, leaders: [] };
    world.recorder.observers.push(observed);
    this.#observing.push(() => {
      if (life.process.alive) gone.abort();
    });
    this.#listen(life, observed, gone.signal).catch((thrown: unknown) => {
      if (!QuorateError.is(thrown)) world.bug(observed.who, thrown);
    });
    return observed;
  }

  async #listen({ host }: Life, { name, leaders }: Observed, gone: AbortSignal): Promise<void> {
    for await (const { header, kv } of observe(host.clientFor(trusted), name, gone)) {
      leaders.push({ revision: header.revision, kv: known(kv) });
    }
  }

  async #lead(name: string, lease: LeaseId, pick: number): Promise<Held | undefined> {
    const { world } = this.#options;
    const fromMs = world.scheduler.now;
    const value = this.#value();
    let led: Leadership | undefined;
    await this.#wait(
      ({ kv, life }, signal) => {
        const request = { name, lease, value: bytes(value) };
        return campaign({ kv, clock: life.host.serving.clock }, request, signal);
      },
      ({ leadership }) => {
        led = leadership;
        const { key, revision: created } = leadership;
        const toMs = world.scheduler.now;
        world.recorder.claims.push({ who: this.#who(), name, key, created, value, fromMs, toMs });
      },
      patienceOf(pick),
    );
    const leadership = led;
    if (!leadership) return undefined;
    for (let i = pick % 3; i > 0; i--) await this.#say(leadership, this.#value());
    return { lease, giveUp: () => this.#say(leadership, undefined) };
  }

  /** For a while; then it is given up, or its lease ends. */
  async #holds(held: Held | undefined, pick: number): Promise<void> {
    if (!held) return;
    await this.#sleep((pick % 40) * 40);
    if (pick % 4 > 0) await held.giveUp();
    if (pick % 4 > 1) await this.#revoke(held.lease);
  }

  /** `value` undefined: it resigns. */
  #say({ key, revision: created, lease }: Leadership, value: string | undefined): Promise<void> {
    const leadership = { key, revision: created, lease };
    return this.#options.session.reach(
      ({ kv }) => {
        if (value === undefined) return resign(kv, leadership);
        return proclaim(kv, leadership, bytes(value));
      },
      ({ revision }) =>
        this.#options.world.recorder.words.push({
          who: this.#who(),
          key,
          created,
          revision,
          value,
        }),
      nothing,
    );
  }

  #unlock(key: string): Promise<void> {
    return this.#options.session.reach(
      ({ kv }) => kv.deleteRange({ key }),
      ({ header: { revision } }) =>
        this.#options.world.recorder.words.push({
          who: this.#who(),
          key,
          revision,
          value: undefined,
        }),
      nothing,
    );
  }

  #revoke(lease: LeaseId): Promise<void> {
    return this.#options.session.reach(({ kv }) => kv.leaseRevoke(lease), nothing, nothing);
  }

  async #grant(ttl: number): Promise<LeaseId | undefined> {
    const { client, session, world, newNumber } = this.#options;
    world.recorder.writtenBeside = true;
    const id = firstLease + BigInt(client * 10_000 + newNumber());
    let granted: LeaseId | undefined;
    await session.reach(
      ({ kv }) => kv.leaseGrant({ id, ttlSeconds: ttl }),
      () => (granted = id),
      nothing,
    );
    return granted;
  }

  /** Whoever goes away while they wait leaves the queue. */
  #wait<T>(
    ask: (reached: Reached, signal: AbortSignal) => Promise<T>,
    answered: (value: T) => void,
    patience: number,
  ): Promise<void> {
    const { world, session } = this.#options;
    const { scheduler } = world;
    const gone = new AbortController();
    let life: Life | undefined;
    return session.reach(
      (reached) => {
        life = reached.life;
        return ask(reached, gone.signal);
      },
      answered,
      () => {
        const reason = new QuorateError('canceled', 'context canceled');
        if (life?.process.alive) scheduler.soon(life.process, () => gone.abort(reason));
      },
      patience,
    );
  }

  #who(): string {
    const { client, session } = this.#options;
    return `client ${client} at ${session.member()?.name}`;
  }

  #value(): string {
    return `${this.#options.client}.${this.#options.newNumber()}`;
  }

  #sleep(ms: number): Promise<void> {
    const { scheduler, process } = this.#options.world;
    return new Promise((resolve) => scheduler.at(process, scheduler.now + ms, resolve));
  }
}

const nothing = (): void => undefined;
const nameOf = (pick: number): string => names[Math.floor(pick / 7) % names.length] ?? '~q';
const patienceOf = (pick: number): number =>
  patienceMs[Math.floor(pick / 3) % patienceMs.length] ?? 800;
