import { assertNever } from '#shared/base';
import { type Backend, type Event, Mvcc, WatchHub } from '#shared/mvcc';
import type { Member } from '../member/member.ts';
import { MemberTable, type MetaStore } from '../member/table.ts';
import type { Operation } from '../wire/command.ts';

type MetaBackend = Backend & MetaStore;

/** What applying a command gave: a result, and the store's revision afterwards. */
export interface Outcome<T = unknown> {
  readonly result: T;
  readonly revision: number;
}

/**
 * Everything that is replicated: keys, leases and the table of members, over one backend. Equal
 * commands in equal order give equal states; nothing here knows time or who leads.
 */
export class StateMachine {
  #mvcc: Mvcc;
  readonly hub: WatchHub;
  #table: MemberTable;
  readonly #membersChanged: () => void;

  constructor(backend: MetaBackend, membersChanged: () => void) {
    this.#mvcc = new Mvcc(backend);
    this.#mvcc.restore();
    this.hub = new WatchHub(this.#mvcc);
    this.#table = new MemberTable(backend);
    this.#membersChanged = membersChanged;
  }

  get mvcc(): Mvcc {
    return this.#mvcc;
  }

  /** By id. */
  get members(): ReadonlyMap<number, Member> {
    return this.#table.members;
  }

  get table(): MemberTable {
    return this.#table;
  }

  /** A snapshot took the place of everything. */
  replace(backend: MetaBackend): void {
    this.#mvcc = new Mvcc(backend);
    this.#mvcc.restore();
    this.hub.reset(this.#mvcc);
    this.#table = new MemberTable(backend);
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
        this.#table.publish(operation.member);
        return this.#membership();
      case 'update-member':
        this.#table.update(operation.id, operation.peerUrls);
        return this.#membership();
      case 'add-member':
      case 'remove-member':
      case 'promote-member':
        this.#table.change(operation);
        return this.#membership();
      default:
        return assertNever(operation, 'operation');
    }
  }

  describe(): string {
    return `${this.#mvcc.describe()} watchers=${this.hub.size} members=${this.members.size}`;
  }

  #changed(applied: { result: unknown; revision: number; events: readonly Event[] }): Outcome {
    this.hub.notify(applied.revision, applied.events);
    return applied;
  }

  #unchanged(): Outcome {
    return { result: undefined, revision: this.#mvcc.revision };
  }

  #membership(): Outcome {
    this.#membersChanged();
    return this.#unchanged();
  }
}
