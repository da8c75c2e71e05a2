import { assertNever } from '#shared/base';
import type { Key, LeaseId, PutRequest, RequestOp, TxnRequest } from '#shared/mvcc';
import type { Operation } from '../wire/command.ts';
import type { AuthTable } from './auth-table.ts';
import type { Caller } from './caller.ts';
import { authErrors } from './errors.ts';
import { KeyRanges } from './key-ranges.ts';

interface UserRanges {
  readonly read: KeyRanges;
  readonly write: KeyRanges;
}

/** Undefined where there is no such lease. */
export type KeysOfLease = (id: LeaseId) => readonly Key[] | undefined;

/** Says who may do what, by the auth table as it is; throws etcd's errors. */
export class Authority {
  readonly #table: AuthTable;
  readonly #keysOfLease: KeysOfLease;
  /** What the roles of a user come to; good for one revision of the table. */
  readonly #ranges = new Map<string, UserRanges>();
  #rangesRevision = 0;

  constructor(table: AuthTable, keysOfLease: KeysOfLease) {
    this.#table = table;
    this.#keysOfLease = keysOfLease;
  }

  checkRead(caller: Caller, key: Key, rangeEnd?: Key): void {
    this.#checkRange(caller, 'read', key, rangeEnd);
  }

  checkWrite(caller: Caller, key: Key, rangeEnd?: Key): void {
    this.#checkRange(caller, 'write', key, rangeEnd);
  }

  /** Anybody, but not nobody. */
  checkKnown(caller: Caller): void {
    if (!this.#table.enabled || caller.trusted) return;
    if (caller.authRevision === 0) throw authErrors.userEmpty();
  }

  checkAdmin(caller: Caller): void {
    if (!this.#table.enabled || caller.trusted) return;
    if (caller.user === '') throw authErrors.userEmpty();
    if (!this.#table.isAdmin(caller.user)) throw authErrors.permissionDenied();
  }

  /** Both branches, whichever will be taken. */
  checkTxn(caller: Caller, { compare, success, failure }: TxnRequest): void {
    if (!this.#table.enabled || caller.trusted) return;
    for (const { key, rangeEnd } of compare) this.checkRead(caller, key, rangeEnd);
    for (const op of success) this.#checkOp(caller, op);
    for (const op of failure) this.#checkOp(caller, op);
  }

  /** Who changes a lease's time, or ends it, must be able to write what hangs on it. */
  checkLeaseWrite(caller: Caller, id: LeaseId): void {
    if (!this.#table.enabled || caller.trusted || this.#table.isAdmin(caller.user)) return;
    for (const key of this.#keysOfLease(id) ?? []) this.checkWrite(caller, key);
  }

  checkLeaseRead(caller: Caller, id: LeaseId): void {
    if (!this.#table.enabled || caller.trusted || this.#table.isAdmin(caller.user)) return;
    for (const key of this.#keysOfLease(id) ?? []) this.checkRead(caller, key);
  }

  /** What is asked before a committed command is applied, by the table as it is there and then. */
  checkOperation(operation: Operation, caller: Caller): void {
    if (!this.#table.enabled || caller.trusted) return;
    if (operation.type === 'put') this.#checkPut(caller, operation.put);
    else if (operation.type === 'delete-range') this.#checkDelete(caller, operation.deleteRange);
    else if (operation.type === 'txn') this.checkTxn(caller, operation.txn);
    else if (operation.type === 'compact' || operation.type === 'lease-checkpoint') {
      this.checkAdmin(caller);
    } else if (operation.type === 'lease-grant') this.checkKnown(caller);
    else if (operation.type === 'lease-revoke') {
      this.checkKnown(caller);
      this.checkLeaseWrite(caller, operation.id);
    } else if (operation.type === 'auth' && operation.change.action !== 'authenticate') {
      this.checkAdmin(caller);
    }
  }

  #checkOp(caller: Caller, op: RequestOp): void {
    switch (op.type) {
      case 'range':
        this.checkRead(caller, op.range.key, op.range.rangeEnd);
        return;
      case 'put':
        this.#checkPut(caller, op.put);
        return;
      case 'deleteRange':
        this.#checkDelete(caller, op.deleteRange);
        return;
      case 'txn':
        this.checkTxn(caller, op.txn);
        return;
      default:
        assertNever(op, 'operation of a transaction');
    }
  }

  #checkPut(caller: Caller, { key, lease, prevKv }: PutRequest): void {
    this.checkWrite(caller, key);
    // Otherwise somebody else's keys could be made to expire with one's own, or outlive it.
    if (lease) this.checkLeaseWrite(caller, lease);
    if (prevKv) this.checkRead(caller, key);
  }

  #checkDelete(
    caller: Caller,
    request: { readonly key: Key; readonly rangeEnd?: Key | undefined; readonly prevKv?: unknown },
  ): void {
    this.checkWrite(caller, request.key, request.rangeEnd);
    if (request.prevKv === true) this.checkRead(caller, request.key, request.rangeEnd);
  }

  #checkRange(caller: Caller, access: keyof UserRanges, key: Key, rangeEnd?: Key): void {
    if (!this.#table.enabled || caller.trusted) return;
    if (caller.authRevision === 0) throw authErrors.userEmpty();
    if (caller.authRevision < this.#table.revision) throw authErrors.oldRevision();
    if (this.#table.isAdmin(caller.user)) return;
    if (!this.#rangesOf(caller.user)?.[access].contains(key, rangeEnd)) {
      throw authErrors.permissionDenied();
    }
  }

  #rangesOf(name: string): UserRanges | undefined {
    if (this.#rangesRevision !== this.#table.revision) {
      this.#ranges.clear();
      this.#rangesRevision = this.#table.revision;
    }
    const known = this.#ranges.get(name);
    if (known) return known;
    const user = this.#table.user(name);
    if (!user) return undefined;
    const granted = user.roles.flatMap((role) => this.#table.role(role)?.permissions ?? []);
    const ranges = {
      read: new KeyRanges(granted.filter(({ type }) => type !== 'write')),
      write: new KeyRanges(granted.filter(({ type }) => type !== 'read')),
    };
    this.#ranges.set(name, ranges);
    return ranges;
  }
}
