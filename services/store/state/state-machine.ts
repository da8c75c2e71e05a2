import { assertNever } from '#shared/base';
import { type Backend, type Event, Mvcc, type MvccOptions, WatchHub } from '#shared/mvcc';
import type { Member } from '../member/member.ts';
import { MemberTable } from '../member/table.ts';
import { storeErrors } from '../errors.ts';
import type { Operation } from '../wire/command.ts';
import { type AuthChange, AuthTable } from '../auth/auth-table.ts';
import { Authority } from '../auth/authority.ts';
import { anonymous } from '../auth/caller.ts';
import type { Tokens } from '../auth/tokens.ts';
import { type Alarm, AlarmTable } from './alarms.ts';
import type { MetaStore } from './meta-store.ts';
import { spaceCost } from './space.ts';

const noTokens: Tokens = {
  assign: () => undefined,
  invalidate: () => undefined,
  invalidateAll: () => undefined,
};

type MetaBackend = Backend & MetaStore;

/** What applying a command gave: a result, and the store's revision afterwards. */
export interface Outcome<T = unknown> {
  readonly result: T;
  readonly revision: number;
}

/** Nobody may rely on what they read or write while members disagree. */
const touchesKeys: ReadonlySet<Operation['type']> = new Set([
  'put',
  'delete-range',
  'txn',
  'compact',
  'lease-grant',
  'lease-revoke',
] as const);

/**
 * Everything that is replicated: keys, leases, members, alarms, users and roles, over one backend. Equal
 * commands in equal order give equal states; nothing here knows time or who leads.
 */
export class StateMachine {
  readonly #mvccOptions: MvccOptions;
  #mvcc: Mvcc;
  readonly hub: WatchHub;
  #table: MemberTable;
  #alarms: AlarmTable;
  #auth: AuthTable;
  #authority: Authority;
  readonly #membersChanged: () => void;
  readonly #tokens: Tokens;

  constructor(
    backend: MetaBackend,
    membersChanged: () => void,
    tokens: Tokens = noTokens,
    mvccOptions: MvccOptions = {},
  ) {
    this.#mvccOptions = mvccOptions;
    this.#mvcc = new Mvcc(backend, mvccOptions);
    this.#mvcc.restore();
    this.hub = new WatchHub(this.#mvcc);
    this.#table = new MemberTable(backend);
    this.#alarms = new AlarmTable(backend);
    this.#auth = new AuthTable(backend);
    this.#authority = this.#newAuthority();
    this.#membersChanged = membersChanged;
    this.#tokens = tokens;
  }

  get mvcc(): Mvcc {
    return this.#mvcc;
  }

  /** By id. */
  get members(): ReadonlyMap<number, Member> {
    return this.#table.members;
  }

  get alarms(): AlarmTable {
    return this.#alarms;
  }

  get table(): MemberTable {
    return this.#table;
  }

  get auth(): AuthTable {
    return this.#auth;
  }

  /** Who may do what now. */
  get authority(): Authority {
    return this.#authority;
  }

  /** A snapshot took the place of everything. */
  replace(backend: MetaBackend): void {
    this.#mvcc = new Mvcc(backend, this.#mvccOptions);
    this.#mvcc.restore();
    this.hub.reset(this.#mvcc);
    this.#table = new MemberTable(backend);
    this.#alarms = new AlarmTable(backend);
    const { revision } = this.#auth;
    this.#auth = new AuthTable(backend);
    // Which of the changes in between ended whose tokens is not told.
    if (this.#auth.revision !== revision) this.#tokens.invalidateAll();
    this.#authority = this.#newAuthority();
    this.#membersChanged();
  }

  #newAuthority(): Authority {
    return new Authority(this.#auth, (id) => this.#mvcc.leases.info(id)?.keys);
  }

  /**
   * `index`: of the log's entry. Throws a QuorateError, having changed nothing, where the command is
   * refused.
   */
  apply(operation: Operation, index: number): Outcome {
    this.#authority.checkOperation(operation, operation.caller ?? anonymous);
    this.#refuseUnderAlarm(operation);
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
      case 'lease-checkpoint':
        for (const { id, remainingSeconds } of operation.checkpoints) {
          this.#mvcc.leaseCheckpoint(id, remainingSeconds);
        }
        return this.#unchanged();
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
      case 'alarm':
        return this.#alarm(operation.raise, operation.alarm);
      case 'auth':
        return this.#changeAuth(operation.change, index);
      default:
        return assertNever(operation, 'operation');
    }
  }

  #refuseUnderAlarm(operation: Operation): void {
    if (this.#alarms.all.length === 0) return;
    if (this.#alarms.has('corrupt') && touchesKeys.has(operation.type)) throw storeErrors.corrupt();
    if (this.#alarms.has('nospace') && spaceCost(operation) > 0) throw storeErrors.noSpace();
  }

  #alarm(raise: boolean, alarm: Alarm): Outcome {
    if (raise) this.#alarms.raise(alarm);
    const result = raise ? [alarm] : this.#alarms.clear(alarm);
    return { result, revision: this.#mvcc.revision };
  }

  /** The result is the token of whoever authenticated. */
  #changeAuth(change: AuthChange, index: number): Outcome<string | undefined> {
    this.#auth.apply(change);
    const { revision } = this.#mvcc;
    if (change.action === 'authenticate') {
      const token = `${change.tokenPrefix}.${index}`;
      this.#tokens.assign(token, change.user);
      return { result: token, revision };
    }
    if (change.action === 'disable') this.#tokens.invalidateAll();
    if (change.action === 'user-delete' || change.action === 'user-change-password') {
      this.#tokens.invalidate(change.user);
    }
    return { result: undefined, revision };
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
