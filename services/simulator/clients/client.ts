import { QuorateError } from '#shared/base';
import type { Answer, Call, KnownKv } from '#shared/checks';
import type { KvClient } from '#shared/client';
import type { LeaseId } from '#shared/mvcc';
import { anonymous } from '#services/store';
import type { Life, SimMember } from '../cluster/member.ts';
import type { Step } from '../plan/plan.ts';
import { queryOf } from './queries.ts';
import { type Asked, conditionOn, deleteRange, put, range, txn } from './requests.ts';
import { WatchingClient } from './watching.ts';
import type { ClientWorld } from './world.ts';

const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
const everything = { key: 'a', rangeEnd: 'z' };
const giveUpMs = 9000;
const detourAnswers = 5;
const ttlSeconds = [2, 3, 5];
/** Of some values: more than a sector of a disk has room for, so that a write can be torn. */
const largeBytes = 3000;
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** Errors after which a request may still take effect. */
const uncertain = ['unavailable', 'deadline-exceeded', 'internal'] as const;

/** Takes its steps one after the other, at one member until it is told to move, or while nobody is there. */
export class SimClient {
  readonly number: number;
  readonly #world: ClientWorld;
  readonly #watching: WatchingClient;
  /** The so many-th member; and how many further on, since nobody was there. */
  #home: number;
  #detour = 0;
  #answers = 0;
  #values = 0;
  #lastRevision = 1;
  #leases: LeaseId[] = [];
  /** What this client saw last of each key. */
  readonly #seen = new Map<string, KnownKv>();

  constructor(number: number, world: ClientWorld) {
    this.number = number;
    this.#home = number;
    this.#world = world;
    this.#watching = new WatchingClient(number, world, () => this.#member());
  }

  get watching(): WatchingClient {
    return this.#watching;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.#sleep(step.afterMs);
      await this.#take(step);
    }
  }

  /** A write that must succeed: the cluster is whole. Where: the so many-th member. */
  async probe(at: number): Promise<boolean> {
    this.#goTo(at);
    return this.#put('probe', undefined);
  }

  #member(): SimMember | undefined {
    const members = this.#world.members();
    return members[(this.#home + this.#detour) % members.length];
  }

  #goTo(member: number): void {
    this.#home = member;
    this.#detour = 0;
  }

  /** Soon back where it was: or else all clients would be at the one that never failed. */
  #wasAnswered(): void {
    if (++this.#answers % detourAnswers === 0) this.#detour = 0;
  }

  #sleep(ms: number): Promise<void> {
    const { scheduler, process } = this.#world;
    return new Promise((resolve) => scheduler.at(process, scheduler.now + ms, resolve));
  }

  async #take({ kind, pick }: Step): Promise<void> {
    const key = keys[pick % keys.length] ?? 'a';
    const other = keys[(pick + 1) % keys.length] ?? 'b';
    const lease = this.#leases[pick % Math.max(1, this.#leases.length)];
    switch (kind) {
      case 'put':
        await this.#put(key, undefined);
        return;
      case 'put-leased':
        await this.#put(key, lease);
        return;
      case 'put-large':
        await this.#put(key, undefined, false, largeBytes + 13 * pick);
        return;
      case 'put-prev':
        await this.#put(key, undefined, true);
        return;
      case 'get':
        await this.#ask(range({ key }));
        return;
      case 'list':
        await this.#ask(range(everything));
        return;
      case 'get-serializable':
        await this.#ask(range({ ...everything, serializable: true }));
        return;
      case 'get-past': {
        const revision = Math.max(1, this.#lastRevision - (pick % 20));
        await this.#ask(range({ ...everything, revision }));
        return;
      }
      case 'get-part': {
        const parts = [{ limit: 1 + (pick % 3) }, { keysOnly: true }, { countOnly: true }];
        await this.#ask(range({ key, rangeEnd: 'f', ...parts[pick % parts.length] }));
        return;
      }
      case 'query':
        await this.#query(pick);
        return;
      case 'delete':
        await this.#ask(deleteRange({ key, prevKv: pick % 2 === 0 }));
        return;
      case 'delete-all':
        await this.#ask(deleteRange({ ...everything, prevKv: pick % 2 === 0 }));
        return;
      case 'swap':
        await this.#swap(key);
        return;
      case 'txn':
        await this.#several(key, other);
        return;
      case 'compare':
        await this.#compare(key, other, pick);
        return;
      case 'grant':
        return this.#grant(pick);
      case 'keep-alive':
        if (lease === undefined) return;
        if (pick % 3 === 0) await this.#waitUntilDue(lease, pick);
        await this.#keepAlive(lease);
        return;
      case 'keep-others':
      case 'time-left': {
        const other = this.#world.leases.any(pick);
        if (other === undefined) return;
        await (kind === 'time-left' ? this.#timeLeft(other) : this.#keepAlive(other));
        return;
      }
      case 'revoke':
        if (lease !== undefined) await this.#revoke(lease);
        return;
      case 'compact':
        return this.#compact(Math.max(1, this.#lastRevision - (pick % 30)));
      case 'watch':
        this.#watching.watch(pick, this.#lastRevision);
        return;
      case 'watch-part':
        this.#watching.watchPart(pick, this.#lastRevision);
        return;
      case 'watch-slow':
        this.#watching.watchSlow(pick, this.#lastRevision);
        return;
      case 'unwatch':
        this.#watching.cancel(pick);
        return;
      case 'move':
        this.#goTo(pick);
    }
  }

  #value(): string {
    this.#values++;
    return `${this.number}.${this.#values}`;
  }

  /** `size`: of the value, at least. */
  #put(key: string, lease: LeaseId | undefined, prevKv = false, size = 0): Promise<boolean> {
    const value = bytes(this.#value().padEnd(size, '.'));
    return this.#ask(put({ key, value, lease, prevKv }));
  }

  /** Compare and swap against what was last seen. */
  #swap(key: string): Promise<boolean> {
    const mod = this.#seen.get(key)?.mod ?? 0;
    return this.#ask(
      txn({
        compare: [{ key, target: 'mod', result: 'equal', revision: mod }],
        success: [{ type: 'put', put: { key, value: bytes(this.#value()) } }],
        failure: [{ type: 'range', range: { key } }],
      }),
    );
  }

  /** Several keys in one revision. */
  #several(key: string, other: string): Promise<boolean> {
    const puts = [key, other].map((each) => ({
      type: 'put' as const,
      put: { key: each, value: bytes(this.#value()) },
    }));
    return this.#ask(txn({ compare: [], success: puts, failure: [] }));
  }

  /** Any condition, and on either side changes between reads. */
  #compare(key: string, other: string, pick: number): Promise<boolean> {
    const value = bytes(this.#value());
    return this.#ask(
      txn({
        compare: [conditionOn(key, this.#seen.get(key), pick)],
        success: [
          { type: 'put', put: { key, value, prevKv: true } },
          { type: 'range', range: { key: 'a', rangeEnd: 'z', limit: pick % 4 } },
        ],
        failure: [
          { type: 'range', range: { key } },
          { type: 'deleteRange', deleteRange: { key: other, prevKv: true } },
          { type: 'range', range: { key: 'a', rangeEnd: 'z', keysOnly: pick % 2 === 0 } },
        ],
      }),
    );
  }

  async #grant(pick: number): Promise<void> {
    const ttl = ttlSeconds[pick % ttlSeconds.length] ?? 2;
    const { scheduler, leases } = this.#world;
    this.#values++;
    const id = BigInt(this.number * 10_000 + this.#values);
    const call: Call = { type: 'lease-grant', lease: String(id), ttlSeconds: ttl };
    const fromMs = scheduler.now;
    const ask = async (kv: KvClient): Promise<Answer> => {
      const granted = await kv.leaseGrant({ id, ttlSeconds: ttl });
      leases.granted(id, granted.ttlSeconds, fromMs);
      this.#leases = [...this.#leases.slice(-3), id];
      return {};
    };
    await this.#ask({ call, ask });
  }

  async #keepAlive(id: LeaseId): Promise<void> {
    const { leases, scheduler } = this.#world;
    const fromMs = scheduler.now;
    await this.#reach(
      (kv) => kv.leaseKeepAlive(id),
      (ttl) => {
        if (ttl > 0) leases.renewed(id, fromMs, scheduler.now, ttl);
        else this.#leases = this.#leases.filter((other) => other !== id);
      },
      () => undefined,
    );
  }

  /** A holder that is nearly too late, or just so. */
  #waitUntilDue(id: LeaseId, pick: number): Promise<void> {
    const { leases, scheduler } = this.#world;
    return this.#sleep(Math.max(0, leases.dueMs(id) - scheduler.now + (pick % 100) * 7 - 50));
  }

  async #timeLeft(id: LeaseId): Promise<void> {
    const { leases, scheduler } = this.#world;
    const fromMs = scheduler.now;
    await this.#reach(
      (_, host) => host.leases.timeToLive(id, true, anonymous),
      (left) => leases.told({ id, fromMs, toMs: scheduler.now, ...left }),
      () => undefined,
    );
  }

  /** Changes nothing: not a part of the history that is to be ordered. */
  async #query(pick: number): Promise<void> {
    const { recorder } = this.#world;
    const query = queryOf(pick, this.#lastRevision);
    const who = `client ${this.number} at ${this.#member()?.name}`;
    await this.#reach(
      query.ask,
      (answered) => recorder.queries.push({ who, ...answered }),
      () => undefined,
    );
  }

  async #revoke(id: LeaseId): Promise<void> {
    this.#world.leases.revoking(id);
    this.#leases = this.#leases.filter((other) => other !== id);
    await this.#ask({
      call: { type: 'lease-revoke', lease: String(id) },
      ask: async (kv) => {
        await kv.leaseRevoke(id);
        return {};
      },
    });
  }

  async #compact(revision: number): Promise<void> {
    await this.#ask({
      call: { type: 'compact', revision },
      ask: async (kv) => {
        await kv.compact(revision);
        return {};
      },
    });
  }

  async #ask({ call, ask }: Asked): Promise<boolean> {
    const { recorder } = this.#world;
    const operation = recorder.begin(this.number, call, this.#member()?.name ?? '');
    let done = false;
    await this.#reach(
      ask,
      (answer) => {
        done = true;
        this.#learn(call, answer);
        recorder.returned(operation, answer);
      },
      (error, unknown) => recorder.failed(operation, error, unknown),
    );
    return done;
  }

  #learn(call: Call, answer: Answer): void {
    const { revision = 0, kvs = [], answers = [] } = answer;
    this.#lastRevision = Math.max(this.#lastRevision, revision);
    for (const kv of kvs) this.#seen.set(kv.key, kv);
    if (call.type === 'put') this.#seen.set(call.key, { ...call, mod: revision });
    if (call.type !== 'txn') return;
    const ops = answer.succeeded ? call.success : call.failure;
    ops.forEach((op, i) => this.#learn(op, { revision, ...answers[i] }));
  }

  /** One request over the network: an answer, a refusal, or nobody will ever know. */
  #reach<T>(
    ask: (kv: KvClient, host: Life['host']) => Promise<T>,
    answered: (value: T) => void,
    failed: (error: string, unknown: boolean) => void,
  ): Promise<void> {
    const { scheduler, network, process } = this.#world;
    const member = this.#member();
    const life = member?.life;
    if (!member || !life) {
      this.#detour++;
      failed('nobody is there', false);
      return Promise.resolve();
    }
    const self = `client-${this.number}`;
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
      const overdue = scheduler.at(process, scheduler.now + giveUpMs, () =>
        end(() => failed('no answer in time', true)),
      );
      const alive = life.process.whenKilled(() =>
        scheduler.soon(process, () => end(() => failed('the connection dropped', true))),
      );
      const back = (finish: () => void): void =>
        network.call(member.name, self, process, () => end(finish));
      network.call(self, member.name, life.process, () => {
        ask(life.host.clientFor(anonymous), life.host).then(
          (value) =>
            back(() => {
              this.#wasAnswered();
              answered(value);
            }),
          (thrown: unknown) => {
            if (!QuorateError.is(thrown)) this.#world.bug(member.name, thrown);
            const error = QuorateError.from(thrown);
            back(() => failed(error.message, isUncertain(error)));
          },
        );
      });
    });
  }
}

function isUncertain(error: QuorateError): boolean {
  return QuorateError.is(error, ...uncertain);
}
