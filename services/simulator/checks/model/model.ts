import { assertNever } from '#shared/base';
import type { KnownKv } from '#shared/checks';
import type { RequestOp, TxnRequest } from '#shared/mvcc';
import { anonymous, type Caller, type Member, type Operation } from '#services/store';
import { AuthModel } from './auth.ts';
import { describe } from './describe.ts';
import { type Change, Draft, Refused, refusals } from './draft.ts';

/** What an entry of the log must have done. */
export interface Outcome {
  /** It was refused, and has changed nothing. */
  readonly error?: string | undefined;
  readonly changes: readonly Change[];
  readonly result: unknown;
}

interface ModelLease {
  readonly ttlSeconds: number;
  remainingSeconds: number;
}

type Alarm = Extract<Operation, { readonly type: 'alarm' }>['alarm'];
type MemberOperation = Extract<Operation, { readonly type: `${string}-member` }>;

const nothingDone = { changes: [], result: undefined };

const touchesKeys: readonly string[] = [
  'put',
  'delete-range',
  'txn',
  'compact',
  'lease-grant',
  'lease-revoke',
];

/**
 * The replicated state machine as etcd's documentation has it, written for clearness alone: it shares
 * no code with the one that serves. Each entry of the log is applied to both.
 */
export class StoreModel {
  /** In the order of their keys, by revision. */
  readonly #past: (readonly KnownKv[])[] = [[], []];
  readonly leases = new Map<bigint, ModelLease>();
  auth = new AuthModel();
  readonly #members: Map<number, Member>;
  #removed: readonly number[] = [];
  alarms: readonly Alarm[] = [];
  compacted = 0;

  constructor(founders: Iterable<Member> = []) {
    this.#members = new Map([...founders].map((member) => [member.id, member]));
  }

  get revision(): number {
    return this.#past.length - 1;
  }

  get kvs(): readonly KnownKv[] {
    return this.#past.at(-1) ?? [];
  }

  apply(operation: Operation, index: number): Outcome {
    try {
      const caller = operation.caller ?? anonymous;
      refuse(this.#forbidden(operation, caller));
      this.#refuseUnderAlarm(operation);
      return this.#apply(operation, index);
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      return { error: thrown.message, ...nothingDone };
    }
  }

  #apply(operation: Operation, index: number): Outcome {
    switch (operation.type) {
      case 'put':
        return this.#write((draft) => draft.put(operation.put));
      case 'delete-range':
        return this.#write((draft) => draft.deleteRange(operation.deleteRange));
      case 'txn':
        return this.#write((draft) => draft.txn(operation.txn));
      case 'compact':
        if (operation.revision <= this.compacted) throw new Refused(refusals.compacted);
        if (operation.revision > this.revision) throw new Refused(refusals.future);
        this.compacted = operation.revision;
        return nothingDone;
      case 'lease-grant':
        if (this.leases.has(operation.id)) throw new Refused('etcdserver: lease already exists');
        this.leases.set(operation.id, { ttlSeconds: operation.ttlSeconds, remainingSeconds: 0 });
        return nothingDone;
      case 'lease-revoke': {
        if (!this.leases.has(operation.id)) throw new Refused(refusals.noLease);
        this.leases.delete(operation.id);
        const keys = this.#keysOf(operation.id);
        return this.#write((draft) => {
          for (const key of keys) draft.deleteRange({ key });
        });
      }
      case 'lease-checkpoint':
        for (const { id, remainingSeconds } of operation.checkpoints) {
          const lease = this.leases.get(id);
          if (lease) lease.remainingSeconds = remainingSeconds;
        }
        return nothingDone;
      case 'alarm':
        return { changes: [], result: this.#alarm(operation.raise, operation.alarm) };
      case 'auth': {
        const { change } = operation;
        const next = this.auth.changed(change);
        if (typeof next === 'string') throw new Refused(next);
        this.auth = next;
        const token =
          change.action === 'authenticate' ? `${change.tokenPrefix}.${index}` : undefined;
        return { changes: [], result: token };
      }
      case 'publish-member':
      case 'update-member':
      case 'add-member':
      case 'remove-member':
      case 'promote-member':
        this.#changeMembers(operation);
        return nothingDone;
      default:
        return assertNever(operation, 'operation');
    }
  }

  #changeMembers(operation: MemberOperation): void {
    if (operation.type === 'add-member') {
      this.#members.set(operation.member.id, operation.member);
      return;
    }
    const id = operation.type === 'publish-member' ? operation.member.id : operation.id;
    const known = this.#members.get(id);
    if (operation.type === 'remove-member') {
      this.#members.delete(id);
      this.#removed = [...new Set([...this.#removed, id])];
      return;
    }
    if (!known) throw new Refused('etcdserver: member not found');
    if (operation.type === 'promote-member') this.#members.set(id, { ...known, learner: false });
    else if (operation.type === 'publish-member')
      this.#members.set(id, { ...operation.member, learner: known.learner });
    else {
      const { peerUrls } = operation;
      for (const other of this.#members.values()) {
        if (other.id !== id && other.peerUrls.some((url) => peerUrls.includes(url)))
          throw new Refused('etcdserver: Peer URLs already exists');
      }
      this.#members.set(id, { ...known, peerUrls });
    }
  }

  #alarm(raise: boolean, alarm: Alarm): readonly Alarm[] {
    const isIt = (other: Alarm): boolean =>
      other.alarm === alarm.alarm && other.memberId === alarm.memberId;
    const there = this.alarms.filter(isIt);
    if (!raise) this.alarms = this.alarms.filter((other) => !isIt(other));
    else if (there.length === 0) this.alarms = [...this.alarms, alarm];
    return raise ? [alarm] : there;
  }

  #refuseUnderAlarm(operation: Operation): void {
    const raised = (name: string): boolean => this.alarms.some(({ alarm }) => alarm === name);
    if (raised('corrupt') && touchesKeys.includes(operation.type))
      throw new Refused('etcdserver: corrupt cluster');
    if (raised('nospace') && grows(operation))
      throw new Refused('etcdserver: mvcc: database space exceeded');
  }

  #keysOf(lease: bigint): string[] {
    return this.kvs.filter((kv) => kv.lease === String(lease)).map(({ key }) => key);
  }

  /** Why not; empty: they may. */
  #forbidden(operation: Operation, caller: Caller): string {
    const { auth } = this;
    switch (operation.type) {
      case 'put':
        return this.#forbiddenOp({ type: 'put', put: operation.put }, caller);
      case 'delete-range':
        return this.#forbiddenOp(
          { type: 'deleteRange', deleteRange: operation.deleteRange },
          caller,
        );
      case 'txn':
        return this.#forbiddenOp({ type: 'txn', txn: operation.txn }, caller);
      case 'compact':
      case 'lease-checkpoint':
        return auth.admin(caller);
      case 'lease-grant':
        return auth.known(caller);
      case 'lease-revoke':
        return auth.known(caller) || this.#forbiddenLease(operation.id, caller);
      case 'auth':
        return operation.change.action === 'authenticate' ? '' : auth.admin(caller);
      case 'alarm':
      case 'publish-member':
      case 'update-member':
      case 'add-member':
      case 'remove-member':
      case 'promote-member':
        return '';
      default:
        return assertNever(operation, 'operation');
    }
  }

  /** Whoever may do everything is let through before anybody asks how old the caller's rights are, as in etcd 3.5 and 3.6. */
  #forbiddenLease(lease: bigint, caller: Caller): string {
    if (this.auth.admin(caller) === '') return '';
    const answers = this.#keysOf(lease).map((key) => this.auth.keys(caller, 'write', key));
    return answers.find((answer) => answer !== '') ?? '';
  }

  #forbiddenOp(op: RequestOp, caller: Caller): string {
    const { auth } = this;
    switch (op.type) {
      case 'range':
        return auth.keys(caller, 'read', op.range.key, op.range.rangeEnd);
      case 'put': {
        const { key, lease, prevKv } = op.put;
        return (
          auth.keys(caller, 'write', key) ||
          (lease ? this.#forbiddenLease(lease, caller) : '') ||
          (prevKv ? auth.keys(caller, 'read', key) : '')
        );
      }
      case 'deleteRange': {
        const { key, rangeEnd, prevKv } = op.deleteRange;
        return (
          auth.keys(caller, 'write', key, rangeEnd) ||
          (prevKv ? auth.keys(caller, 'read', key, rangeEnd) : '')
        );
      }
      case 'txn': {
        const { compare, success, failure } = op.txn;
        for (const { key, rangeEnd } of compare) {
          const answer = auth.keys(caller, 'read', key, rangeEnd);
          if (answer !== '') return answer;
        }
        const answers = [...success, ...failure].map((each) => this.#forbiddenOp(each, caller));
        return answers.find((answer) => answer !== '') ?? '';
      }
      default:
        return assertNever(op, 'operation of a transaction');
    }
  }

  /** All of it, or nothing. */
  #write(change: (draft: Draft) => unknown): Outcome {
    const draft = new Draft(this.#past, this.compacted, this.leases);
    const result = change(draft);
    if (draft.changes.length > 0) this.#past.push(draft.kvs);
    return { changes: draft.changes, result };
  }

  /** What a member that has applied all of this holds, besides its keys. */
  describe(): string {
    return describe({
      leases: [...this.leases].map(([id, times]) => ({ id, ...times })),
      alarms: this.alarms,
      auth: this.auth.describe(),
      members: [...this.#members.values()],
      removed: this.#removed,
    });
  }
}

function refuse(why: string): void {
  if (why !== '') throw new Refused(why);
}

/** Whether it may add something: either branch of a transaction. */
function grows(operation: Operation): boolean {
  if (operation.type === 'put' || operation.type === 'lease-grant') return true;
  return operation.type === 'txn' && puts(operation.txn);
}

function puts({ success, failure }: TxnRequest): boolean {
  return [...success, ...failure].some(
    (op) => op.type === 'put' || (op.type === 'txn' && puts(op.txn)),
  );
}
