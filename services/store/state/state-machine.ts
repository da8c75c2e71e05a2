import { assertNever, QuorateError } from '#shared/base';
import { type Backend, type Event, Mvcc, WatchHub } from '#shared/mvcc';
import type { Member } from '../member/member.ts';
import type { Operation } from '../wire/command.ts';

interface MetaBackend extends Backend {
  putMeta(name: string, value: unknown): void;
  getMeta(name: string): unknown;
}

/** What applying a command gave: a result, and the store's revision afterwards. */
export interface Outcome<T = unknown> {
  readonly result: T;
  readonly revision: number;
}

const membersName = 'members';

/**
 * Everything that is replicated: keys, leases and the table of members, over one backend. Equal
 * commands in equal order give equal states; nothing here knows time or who leads.
 */
export class StateMachine {
  #backend: MetaBackend;
  #mvcc: Mvcc;
  readonly hub: WatchHub;
  #members: ReadonlyMap<number, Member>;
  readonly #membersChanged: () => void;

  constructor(backend: MetaBackend, membersChanged: () => void) {
    this.#backend = backend;
    this.#mvcc = new Mvcc(backend);
    this.#mvcc.restore();
    this.hub = new WatchHub(this.#mvcc);
    this.#members = readMembers(backend);
    this.#membersChanged = membersChanged;
  }

  get mvcc(): Mvcc {
    return this.#mvcc;
  }

  /** By id. */
  get members(): ReadonlyMap<number, Member> {
    return this.#members;
  }

  /** A snapshot took the place of everything. */
  replace(backend: MetaBackend): void {
    this.#backend = backend;
    this.#mvcc = new Mvcc(backend);
    this.#mvcc.restore();
    this.hub.reset(this.#mvcc);
    this.#members = readMembers(backend);
    this.#membersChanged();
  }

  /** Throws a QuorateError, having changed nothing, where the command is refused. */
  apply(operation: Operation): Outcome {
    switch (operation.type) {
      case 'put':
        return this.#changed(this.#mvcc.put(operation.put));
      case 'delete-range':
        return this.#changed(this.#mvcc.deleteRange(operation.deleteRange));
      case 'txn':
        return this.#changed(this.#mvcc.txn(operation.txn));
      case 'compact':
        this.#mvcc.compact(operation.revision);
        return this.#unchanged();
      case 'lease-grant':
        this.#mvcc.leaseGrant(operation.id, operation.ttlSeconds);
        return this.#unchanged();
      case 'lease-revoke':
        return this.#changed(this.#mvcc.leaseRevoke(operation.id));
      case 'publish-member':
        this.#publish(operation.member);
        return this.#unchanged();
      default:
        return assertNever(operation, 'operation');
    }
  }

  describe(): string {
    return `${this.#mvcc.describe()} watchers=${this.hub.size} members=${this.#members.size}`;
  }

  #changed(applied: { result: unknown; revision: number; events: readonly Event[] }): Outcome {
    this.hub.notify(applied.revision, applied.events);
    return applied;
  }

  #unchanged(): Outcome {
    return { result: undefined, revision: this.#mvcc.revision };
  }

  /** What a member says of itself; whether it votes is the configuration's matter. */
  #publish(member: Member): void {
    const known = this.#members.get(member.id);
    if (!known) throw new QuorateError('not-found', 'etcdserver: member not found');
    const members = new Map(this.#members);
    members.set(member.id, { ...member, learner: known.learner });
    this.#members = members;
    writeMembers(this.#backend, [...members.values()]);
    this.#membersChanged();
  }
}

function readMembers(backend: MetaBackend): ReadonlyMap<number, Member> {
  const members = (backend.getMeta(membersName) ?? []) as Member[];
  return new Map(members.map((member) => [member.id, member]));
}

/** Also the first thing a new member writes. */
export function writeMembers(backend: MetaBackend, members: readonly Member[]): void {
  const sorted = [...members].sort((a, b) => a.id - b.id);
  backend.putMeta(membersName, sorted);
}
