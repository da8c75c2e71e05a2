import { assertNever } from '#shared/base';
import type { Answer, Call, KnownKv } from '#shared/checks';
import type { KvClient } from '#shared/client';
import type { LeaseId } from '#shared/mvcc';
import type { Step } from '../plan/plan.ts';
import { reading } from './accesses.ts';
import { ApartClient } from './apart.ts';
import { Operator } from './operator.ts';
import { QueueClient } from './queues.ts';
import { type Asked, deleteRange, either, put, putEach, range, swap } from './requests.ts';
import { Session } from './session.ts';
import { WatchingClient } from './watching.ts';
import type { ClientWorld } from './world.ts';

const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
const everything = { key: 'a', rangeEnd: 'z' };
const ttlSeconds = [2, 3, 5];
/** Of some values: more than a sector of a disk has room for, so that a write can be torn. */
const largeBytes = 3000;
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const fillKey = (number: number): string => `full${String(number).padStart(4, '0')}`;

/** Takes its steps one after the other. */
export class SimClient {
  readonly number: number;
  readonly #world: ClientWorld;
  readonly #session: Session;
  readonly #operator: Operator;
  readonly #watching: WatchingClient;
  readonly #apart: ApartClient;
  readonly queues: QueueClient;
  #values = 0;
  #lastRevision = 1;
  /** By this client, last. */
  #compacted = 0;
  #rests = false;
  #leases: LeaseId[] = [];
  /** What this client saw last of each key. */
  readonly #seen = new Map<string, KnownKv>();

  /** `user`: absent, nobody in particular. */
  constructor(number: number, world: ClientWorld, user?: string) {
    this.number = number;
    this.#world = world;
    this.#session = new Session(number, world, user);
    this.#operator = new Operator(world, this.#session);
    this.#watching = new WatchingClient(number, world, () => this.#session.member());
    this.queues = new QueueClient({
      client: number,
      world,
      session: this.#session,
      newNumber: () => ++this.#values,
    });
    this.#apart = new ApartClient({
      client: number,
      world,
      session: this.#session,
      nextValue: () => this.#value(),
      saw: (revision) => this.#saw(revision),
    });
  }

  get watching(): WatchingClient {
    return this.#watching;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.#sleep(step.afterMs);
      if (this.#rests) return;
      await this.#take(step);
    }
  }

  /** It takes no further step. */
  rest(): void {
    this.#rests = true;
  }

  /** A write and a read that must succeed: the cluster is whole. Where: the so many-th member. */
  async probe(at: number): Promise<boolean> {
    return (await this.write(at)) && this.read(at);
  }

  /** Asks for something, wherever it is. */
  async look(): Promise<void> {
    await this.#ask(range({ key: 'a' }));
  }

  goTo(at: number): void {
    this.#session.goTo(at);
  }

  read(at: number): Promise<boolean> {
    this.#session.goTo(at);
    return this.#ask(range({ key: 'probe' }));
  }

  /** A lease is granted by one member, another one says at once how much of it is left, and it ends. */
  async holdLease(to: number, at: number): Promise<void> {
    this.#session.goTo(to);
    await this.#grant(0);
    const id = this.#leases.at(-1);
    if (id === undefined) return;
    this.#session.goTo(at);
    await this.#timeLeft(id);
    await this.#revoke(id);
  }

  /** A key that nobody else writes; whether there was room. */
  fill(number: number, at: number, size: number): Promise<boolean> {
    this.#session.goTo(at);
    return this.#put(fillKey(number), undefined, false, size);
  }

  /** So many of them are there no more, and cannot be read. */
  async unfill(count: number): Promise<void> {
    await this.#ask(deleteRange({ key: fillKey(0), rangeEnd: fillKey(count) }));
    await this.#compact(this.#lastRevision);
  }

  /** Whether it succeeds. */
  write(at: number): Promise<boolean> {
    this.#session.goTo(at);
    return this.#put('probe', undefined);
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
      case 'put-others':
        await this.#put(key, this.#world.leases.any(pick));
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
        return this.#apart.query(pick, this.#lastRevision);
      case 'delete':
        await this.#ask(deleteRange({ key, prevKv: pick % 2 === 0 }));
        return;
      case 'delete-all':
        await this.#ask(deleteRange({ ...everything, prevKv: pick % 2 === 0 }));
        return;
      case 'swap':
        await this.#ask(swap(key, this.#seen.get(key), bytes(this.#value())));
        return;
      case 'txn':
        await this.#ask(putEach([key, other], () => bytes(this.#value())));
        return;
      case 'compare':
        await this.#ask(either(key, this.#seen.get(key), other, bytes(this.#value()), pick));
        return;
      case 'grant':
        return this.#grant(pick);
      case 'grant-again': {
        const other = this.#world.leases.any(pick);
        if (other !== undefined && (await this.#timeLeft(other)) < 0)
          await this.#grant(pick, other);
        return;
      }
      case 'keep-alive':
        if (lease === undefined) return;
        if (pick % 3 === 0) await this.#waitUntilDue(lease, pick);
        await this.#keepAlive(lease);
        return;
      case 'keep-others':
      case 'time-left': {
        const other = this.#world.leases.any(pick);
        if (other === undefined) return;
        if (kind === 'time-left') await this.#timeLeft(other);
        else await this.#keepAlive(other);
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
        this.#watching.watchPart(pick, this.#lastRevision, this.#compacted);
        return;
      case 'watch-slow':
        this.#watching.watchSlow(pick, this.#lastRevision);
        return;
      case 'unwatch':
        this.#watching.cancel(pick);
        return;
      case 'watch-stream':
        this.#watching.watchStream(pick, this.#lastRevision);
        return;
      case 'move':
        this.#session.goTo(pick);
        return;
      case 'odd':
        return this.#apart.odd(pick, this.#lastRevision);
      case 'change-many':
        return this.#apart.changeMany(pick, this.#lastRevision);
      case 'ask-many':
        return this.#apart.askMany(pick, this.#lastRevision);
      case 'clean-up':
        await this.makeRoom();
        return;
      case 'alarm':
        return this.#operator.raiseAlarm();
      case 'disarm':
        return this.#operator.disarm();
      case 'found-users':
        return this.#operator.foundUsers();
      case 'change-users':
        return this.#operator.changeUsers(pick);
      case 'defragment':
        return this.#operator.defragment();
      case 'lock':
        return this.queues.lock(pick);
      case 'campaign':
        return this.queues.campaign(pick);
      case 'observe':
        return this.queues.observe(pick);
      case 'update-member':
        return this.#operator.updateMember(pick);
      default:
        assertNever(kind, 'step');
    }
  }

  /** Nothing is there any more, and nothing of it can be read; alarms that people raised are taken back. */
  async makeRoom(at?: number): Promise<void> {
    if (at !== undefined) this.#session.goTo(at);
    await this.#operator.disarm();
    await this.#ask(deleteRange(everything));
    await this.#session.reach(
      ({ kv }) => kv.deleteRange({ key: 'z', rangeEnd: '\0' }),
      ({ header }) => this.#saw(header.revision),
      () => undefined,
    );
    await this.#compact(this.#lastRevision);
  }

  #saw(revision: number): void {
    this.#lastRevision = Math.max(this.#lastRevision, revision);
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

  /** `gone`: one that is there no more, whose id is given to another one. */
  async #grant(pick: number, gone?: LeaseId): Promise<void> {
    const { scheduler, leases } = this.#world;
    const ttl = leases.secondsOf(gone) ?? ttlSeconds[pick % ttlSeconds.length] ?? 2;
    if (gone !== undefined) leases.renewing(gone);
    this.#values++;
    const id = gone ?? BigInt(this.number * 10_000 + this.#values);
    const call: Call = { type: 'lease-grant', lease: String(id), ttlSeconds: ttl };
    const fromMs = scheduler.now;
    const ask = async (kv: KvClient): Promise<Answer> => {
      const granted = await kv.leaseGrant({ id, ttlSeconds: ttl });
      leases.granted(id, granted.ttlSeconds, fromMs, scheduler.now);
      this.#leases = [...this.#leases.slice(-3), id];
      return {};
    };
    await this.#ask({ call, ask });
  }

  async #keepAlive(id: LeaseId): Promise<void> {
    const { leases, scheduler, recorder } = this.#world;
    const { user = 'trusted' } = this.#session;
    const fromMs = scheduler.now;
    const answered = leases.renewing(id);
    let known = { enabled: false, authRevision: 0, revision: 0 };
    const asked = (denied: boolean): void => {
      if (user === 'trusted') return;
      recorder.leaseRenewals.push({ user, lease: id, atMs: fromMs, ...known, denied });
    };
    await this.#session.reach(
      ({ kv, life }) => {
        const { auth, mvcc } = life.host.state;
        known = { enabled: auth.enabled, authRevision: auth.revision, revision: mvcc.revision };
        return kv.leaseKeepAlive(id);
      },
      (ttl) => {
        answered(scheduler.now);
        if (ttl > 0) {
          leases.renewed(id, fromMs, scheduler.now, ttl);
          asked(false);
        } else this.#leases = this.#leases.filter((other) => other !== id);
      },
      (error) => {
        if (error.includes('permission denied')) asked(true);
      },
    );
  }

  /** A holder that is nearly too late, or just so. */
  #waitUntilDue(id: LeaseId, pick: number): Promise<void> {
    const { leases, scheduler } = this.#world;
    return this.#sleep(Math.max(0, leases.dueMs(id) - scheduler.now + (pick % 100) * 7 - 50));
  }

  /** In seconds; -1: there is none, 0: nobody knows. */
  async #timeLeft(id: LeaseId): Promise<number> {
    let seconds = 0;
    const { leases, scheduler, recorder } = this.#world;
    const fromMs = scheduler.now;
    const asked = (denied: boolean): void => {
      const { user = 'trusted' } = this.#session;
      const times = { fromMs, toMs: scheduler.now };
      if (user !== 'trusted') recorder.leaseReads.push({ user, lease: id, ...times, denied });
    };
    await this.#session.reach(
      ({ life, caller }) => life.host.leases.timeToLive(id, true, caller),
      (left) => {
        seconds = left.ttlSeconds;
        leases.told({ id, fromMs, toMs: scheduler.now, ...left });
        if (left.ttlSeconds >= 0) asked(false);
      },
      (error) => {
        if (error.includes('permission denied')) asked(true);
      },
    );
    return seconds;
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
        this.#compacted = revision;
        return {};
      },
    });
  }

  async #ask({ call, ask }: Asked): Promise<boolean> {
    const { recorder } = this.#world;
    const operation = recorder.begin(this.number, call, this.#session.member()?.name ?? '');
    const spans = call.type === 'range' ? ([[call.key, call.rangeEnd]] as const) : undefined;
    const serializable = call.type === 'range' && call.serializable;
    const read = spans && reading(this.#world, this.#session, { asked: call, spans, serializable });
    let done = false;
    await this.#session.reach(
      ({ kv }) => ask(kv),
      (answer) => {
        done = true;
        read?.();
        this.#learn(call, answer);
        recorder.returned(operation, answer);
      },
      (error, unknown, owed) => {
        recorder.failed(operation, error, unknown);
        read?.(error);
        // Who shows a token may have to ask for it first.
        if (owed && this.#session.user === undefined) this.#world.unanswered(operation);
      },
    );
    return done;
  }

  #learn(call: Call, answer: Answer): void {
    const { revision = 0, kvs = [], answers = [] } = answer;
    this.#saw(revision);
    for (const kv of kvs) this.#seen.set(kv.key, kv);
    if (call.type === 'put') this.#seen.set(call.key, { ...call, mod: revision });
    if (call.type !== 'txn') return;
    const ops = answer.succeeded ? call.success : call.failure;
    ops.forEach((op, i) => this.#learn(op, { revision, ...answers[i] }));
  }
}
