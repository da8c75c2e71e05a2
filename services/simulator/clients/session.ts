import { QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import { anonymous, type Caller, trusted } from '#services/store';
import type { Life, SimMember } from '../cluster/member.ts';
import type { ClientWorld } from './world.ts';

const giveUpMs = 9000;
/** Members give up before, also where their clocks are slow. */
const longestMs = 8300;
const detourAnswers = 5;
const oldRevision = 'etcdserver: revision of auth store is old';

/** Errors after which a request may still take effect. */
const uncertain = ['unavailable', 'deadline-exceeded', 'internal'] as const;

/** A request that has arrived, and is not answered. */
interface Owed {
  sinceMs: number;
  readonly pauses: number;
}

export interface Reached {
  readonly kv: KvClient;
  readonly life: Life;
  readonly caller: Caller;
}

/** How one client reaches the store: at one member until it is told to move, or while nobody is there. */
export class Session {
  readonly #client: number;
  readonly #world: ClientWorld;
  /** Undefined: nobody in particular. `trusted`: the store's own. */
  readonly #user: string | undefined;
  /** The so many-th member; and how many further on, since nobody was there. */
  #home: number;
  #detour = 0;
  #answers = 0;
  /** What it showed last, or will show. */
  token: string | undefined;

  constructor(client: number, world: ClientWorld, user: string | undefined) {
    this.#client = client;
    this.#home = client;
    this.#world = world;
    this.#user = user;
  }

  get user(): string | undefined {
    return this.#user;
  }

  member(): SimMember | undefined {
    const members = this.#world.members();
    return members[(this.#home + this.#detour) % members.length];
  }

  goTo(member: number): void {
    this.#home = member;
    this.#detour = 0;
  }

  /** One request over the network: an answer, a refusal, or nobody will ever know. */
  reach<T>(
    ask: (reached: Reached) => Promise<T>,
    answered: (value: T) => void,
    failed: (error: string, unknown: boolean, owed?: boolean) => void,
    patienceMs = giveUpMs,
  ): Promise<void> {
    const { scheduler, network, process } = this.#world;
    const member = this.member();
    const life = member?.life;
    if (!member || !life) {
      this.#detour++;
      failed('nobody is there', false);
      return Promise.resolve();
    }
    const self = `client-${this.#client}`;
    return new Promise((resolve) => {
      let over = false;
      const end = (finish: () => void): void => {
        if (over) return;
        over = true;
        overdue.cancel();
        alive();
        finish();
        resolve();
      };
      const owed = { sinceMs: Infinity, pauses: life.process.pauses };
      const overdue = scheduler.at(process, scheduler.now + patienceMs, () =>
        end(() => failed('no answer in time', true, this.#isOwed(life, member, owed))),
      );
      const alive = life.process.whenKilled(() =>
        scheduler.soon(process, () => end(() => failed('the connection dropped', true))),
      );
      const back = (finish: () => void): void =>
        network.call(member.name, self, process, () => end(finish));
      network.call(self, member.name, life.process, () => {
        owed.sinceMs = scheduler.now;
        const asked = this.#ask(life, ask).finally(() => {
          owed.sinceMs = Infinity;
        });
        asked.then(
          (value) =>
            back(() => {
              this.#wasAnswered();
              answered(value);
            }),
          (thrown: unknown) => {
            if (!QuorateError.is(thrown)) this.#world.bug(member.name, thrown);
            const error = QuorateError.from(thrown);
            back(() => failed(error.message, QuorateError.is(error, ...uncertain)));
          },
        );
      });
    });
  }

  /** It has been there for longer than members let anybody wait, and nothing kept it from saying so. */
  #isOwed({ process }: Life, { machine }: SimMember, owed: Owed): boolean {
    const { now } = this.#world.scheduler;
    const wasFree = process.pauses === owed.pauses && process.busyUntilMs < now;
    return process.alive && wasFree && machine.time.lookMs === 0 && now - owed.sinceMs > longestMs;
  }

  /** Soon back where it was: or else all clients would be at the one that never failed. */
  #wasAnswered(): void {
    if (++this.#answers % detourAnswers === 0) this.#detour = 0;
  }

  #ask<T>(life: Life, ask: (reached: Reached) => Promise<T>): Promise<T> {
    const as = (caller: Caller): Promise<T> =>
      ask({ kv: life.host.clientFor(caller), life, caller });
    if (this.#user === undefined) return as(anonymous);
    if (this.#user === 'trusted') return as(trusted);
    return this.#askNamed(life, this.#user, as);
  }

  /** As the gate in front of the production calls: who was known by an old table is looked at again. */
  async #askNamed<T>(life: Life, user: string, as: (caller: Caller) => Promise<T>): Promise<T> {
    try {
      return await as(await this.#callerAt(life, user));
    } catch (thrown) {
      if (!QuorateError.is(thrown) || thrown.message !== oldRevision) throw thrown;
      return as(await this.#callerAt(life, user));
    }
  }

  async #callerAt({ auth }: Life, user: string): Promise<Caller> {
    if (!auth.enabled) return anonymous;
    this.token ??= await auth.authenticate(user, this.#world.passwords.get(user) ?? '');
    try {
      return await auth.callerOf(this.token);
    } catch (thrown) {
      this.token = undefined;
      throw thrown;
    }
  }
}
