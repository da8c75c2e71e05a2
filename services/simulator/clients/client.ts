import { QuorateError } from '#shared/base';
import type { Answer, Call } from '#shared/checks';
import type { KvClient } from '#shared/client';
import type { LeaseId } from '#shared/mvcc';
import { anonymous } from '#services/store';
import type { SimMember } from '../cluster/member.ts';
import type { Step } from '../plan/plan.ts';
import { atRevision, known } from './recorder.ts';
import { WatchingClient } from './watching.ts';
import type { ClientWorld } from './world.ts';

const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
const giveUpMs = 9000;
const ttlSeconds = [2, 3, 5];
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** Errors after which a request may still take effect. */
const uncertain = ['unavailable', 'deadline-exceeded', 'internal'] as const;

/** Takes its steps one after the other, at one member until it is told to move or nobody is there. */
export class SimClient {
  readonly number: number;
  readonly #world: ClientWorld;
  readonly #watching: WatchingClient;
  #at: number;
  #values = 0;
  #lastRevision = 1;
  #leases: LeaseId[] = [];
  /** The newest revision of each key that this client has seen. */
  readonly #seen = new Map<string, number>();

  constructor(number: number, world: ClientWorld) {
    this.number = number;
    this.#at = number;
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
    this.#at = at;
    return this.#put('probe', undefined);
  }

  #member(): SimMember | undefined {
    const members = this.#world.members();
    return members[this.#at % members.length];
  }

  #sleep(ms: number): Promise<void> {
    const { scheduler, process } = this.#world;
    return new Promise((resolve) => scheduler.at(process, scheduler.now + ms, resolve));
  }

  async #take({ kind, pick }: Step): Promise<void> {
    const key = keys[pick % keys.length] ?? 'a';
    const lease = this.#leases[pick % Math.max(1, this.#leases.length)];
    switch (kind) {
      case 'put':
        await this.#put(key, undefined);
        return;
      case 'put-leased':
        await this.#put(key, lease);
        return;
      case 'get':
        return this.#get({ type: 'range', key });
      case 'list':
        return this.#get({ type: 'range', key: 'a', rangeEnd: 'z' });
      case 'get-serializable':
        return this.#get({ type: 'range', key: 'a', rangeEnd: 'z', serializable: true });
      case 'get-past': {
        const revision = Math.max(1, this.#lastRevision - (pick % 20));
        return this.#get({ type: 'range', key: 'a', rangeEnd: 'z', revision });
      }
      case 'delete':
        return this.#delete({ type: 'delete', key, prevKv: pick % 2 === 0 });
      case 'delete-all':
        return this.#delete({ type: 'delete', key: 'a', rangeEnd: 'z' });
      case 'swap':
        return this.#swap(key);
      case 'txn':
        return this.#txn(pick);
      case 'grant':
        return this.#grant(pick);
      case 'keep-alive':
        if (lease === undefined) return;
        if (pick % 3 === 0) await this.#waitUntilDue(lease, pick);
        await this.#keepAlive(lease);
        return;
      case 'revoke':
        if (lease !== undefined) await this.#revoke(lease);
        return;
      case 'compact':
        return this.#compact(Math.max(1, this.#lastRevision - (pick % 30)));
      case 'watch':
        this.#watching.watch(pick, this.#lastRevision);
        return;
      case 'unwatch':
        this.#watching.cancel(pick);
        return;
      case 'move':
        this.#at = pick;
    }
  }

  #value(): string {
    this.#values++;
    return `${this.number}.${this.#values}`;
  }

  async #put(key: string, lease: LeaseId | undefined): Promise<boolean> {
    const value = this.#value();
    const call: Call = {
      type: 'put',
      key,
      value,
      ...(lease === undefined ? {} : { lease: String(lease) }),
    };
    return this.#ask(call, async (kv) => {
      const { header } = await kv.put({ key, value: bytes(value), lease });
      this.#seen.set(key, header.revision);
      return atRevision(header);
    });
  }

  async #get(call: Extract<Call, { type: 'range' }>): Promise<void> {
    await this.#ask(call, async (kv) => {
      const { header, kvs, count, more } = await kv.range(call);
      for (const { key, modRevision } of kvs) this.#seen.set(key, modRevision);
      return { ...atRevision(header), kvs: kvs.map(known), count, more };
    });
  }

  async #delete(call: Extract<Call, { type: 'delete' }>): Promise<void> {
    await this.#ask(call, async (kv) => {
      const { header, deleted, prevKvs } = await kv.deleteRange(call);
      return {
        ...atRevision(header),
        deleted,
        ...(call.prevKv ? { prevKvs: prevKvs.map(known) } : {}),
      };
    });
  }

  /** Compare and swap against what was last seen. */
  async #swap(key: string): Promise<void> {
    const mod = this.#seen.get(key) ?? 0;
    const value = this.#value();
    const call: Call = {
      type: 'txn',
      compare: [{ key, target: 'mod', result: 'equal', operand: mod }],
      success: [{ type: 'put', key, value }],
      failure: [{ type: 'range', key }],
    };
    await this.#ask(call, async (kv) => {
      const { header, succeeded, responses } = await kv.txn({
        compare: [{ key, target: 'mod', result: 'equal', revision: mod }],
        success: [{ type: 'put', put: { key, value: bytes(value) } }],
        failure: [{ type: 'range', range: { key } }],
      });
      const [response] = responses;
      const kvs = response?.type === 'range' ? response.range.kvs : [];
      this.#seen.set(key, succeeded ? header.revision : (kvs[0]?.modRevision ?? 0));
      const answers: Answer[] = succeeded
        ? [{}]
        : [{ kvs: kvs.map(known), count: kvs.length, more: false }];
      return { ...atRevision(header), succeeded, answers };
    });
  }

  /** Several keys in one revision. */
  async #txn(pick: number): Promise<void> {
    const [first = 'a', second = 'b'] = [keys[pick % keys.length], keys[(pick + 1) % keys.length]];
    const values = [this.#value(), this.#value()] as const;
    const call: Call = {
      type: 'txn',
      compare: [],
      success: [
        { type: 'put', key: first, value: values[0] },
        { type: 'put', key: second, value: values[1] },
      ],
      failure: [],
    };
    await this.#ask(call, async (kv) => {
      const { header, succeeded } = await kv.txn({
        compare: [],
        success: [
          { type: 'put', put: { key: first, value: bytes(values[0]) } },
          { type: 'put', put: { key: second, value: bytes(values[1]) } },
        ],
        failure: [],
      });
      return { ...atRevision(header), succeeded, answers: [{}, {}] };
    });
  }

  async #grant(pick: number): Promise<void> {
    const ttl = ttlSeconds[pick % ttlSeconds.length] ?? 2;
    const { scheduler, leases } = this.#world;
    this.#values++;
    const id = BigInt(this.number * 10_000 + this.#values);
    const call: Call = { type: 'lease-grant', lease: String(id), ttlSeconds: ttl };
    const fromMs = scheduler.now;
    await this.#ask(call, async (kv) => {
      const granted = await kv.leaseGrant({ id, ttlSeconds: ttl });
      leases.granted(id, granted.ttlSeconds, fromMs);
      this.#leases = [...this.#leases.slice(-3), id];
      return {};
    });
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

  async #revoke(id: LeaseId): Promise<void> {
    this.#world.leases.revoking(id);
    this.#leases = this.#leases.filter((other) => other !== id);
    await this.#ask({ type: 'lease-revoke', lease: String(id) }, async (kv) => {
      await kv.leaseRevoke(id);
      return {};
    });
  }

  async #compact(revision: number): Promise<void> {
    await this.#ask({ type: 'compact', revision }, async (kv) => {
      await kv.compact(revision);
      return {};
    });
  }

  async #ask(call: Call, ask: (kv: KvClient) => Promise<Answer>): Promise<boolean> {
    const { recorder } = this.#world;
    const operation = recorder.begin(this.number, call, this.#member()?.name ?? '');
    let done = false;
    await this.#reach(
      ask,
      (answer) => {
        done = true;
        this.#lastRevision = Math.max(this.#lastRevision, answer.revision ?? 0);
        recorder.returned(operation, answer);
      },
      (error, unknown) => recorder.failed(operation, error, unknown),
    );
    return done;
  }

  /** One request over the network: an answer, a refusal, or nobody will ever know. */
  #reach<T>(
    ask: (kv: KvClient) => Promise<T>,
    answered: (value: T) => void,
    failed: (error: string, unknown: boolean) => void,
  ): Promise<void> {
    const { scheduler, network, process } = this.#world;
    const member = this.#member();
    const life = member?.life;
    if (!member || !life) {
      this.#at++;
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
        ask(life.host.clientFor(anonymous)).then(
          (value) => back(() => answered(value)),
          (thrown: unknown) => {
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
