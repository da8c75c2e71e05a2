import { QuorateError } from '#shared/base';
import {
  alreadyExists,
  conflict,
  equalJson,
  type KubeObject,
  notFound,
  type Resource,
  storageKey,
} from '#shared/api';
import type { Fence, KvClient } from '#shared/client';
import type { Key, KeyValue, LeaseId, RequestOp } from '#shared/mvcc';
import type { Allocator } from './allocator.ts';
import { changedClaims, claimOps } from './claims.ts';
import { encodeObject, type Stored, withResourceVersion } from './codec.ts';
import { type Guard, guardedTxn, type TxnOutcome } from './guarded-txn.ts';
import { absentGuard, fenceGuard, unchangedGuard } from './guards.ts';
import type { NamespaceGuards } from './namespaces.ts';

/** Every failed attempt means that another writer got through, so this is a sign of a bug. */
const maxAttempts = 100;

export interface WriteLimits {
  readonly fence?: Fence | undefined;
  readonly dryRun?: boolean | undefined;
}

/** What becomes of an object: `object` is stored, or is the last that is seen of it. */
export interface Decision {
  readonly action: 'put' | 'remove';
  readonly object: KubeObject;
}

export interface MutateOptions extends WriteLimits {
  /** The caller's resourceVersion: where the object has another one, the answer is `conflict`. */
  readonly expect?: string | undefined;
}

export interface Mutated {
  readonly object: KubeObject;
  readonly gone: boolean;
}

type Refused = TxnOutcome & { readonly committed: false };

export interface ObjectStoreDeps {
  readonly kv: KvClient;
  readonly namespaces: NamespaceGuards;
  readonly allocators: (resource: Resource) => Allocator | undefined;
  decode(resource: Resource, kv: KeyValue): KubeObject;
  /** The object as the watch cache has it, which may be old. */
  peek(resource: Resource, namespace: string, name: string): Stored | undefined;
  /** Runs a write with the store lease that ends objects of this kind, if they end by themselves. */
  withLease<T>(resource: Resource, write: (lease: LeaseId | undefined) => Promise<T>): Promise<T>;
}

/** Objects as single keys of the store: optimistic, one guarded transaction per write. */
export class ObjectStore {
  readonly #deps: ObjectStoreDeps;

  constructor(deps: ObjectStoreDeps) {
    this.#deps = deps;
  }

  async read(resource: Resource, namespace: string, name: string): Promise<Stored | undefined> {
    const key = storageKey(resource, name, namespace);
    const { kvs } = await this.#deps.kv.range({ key });
    return kvs[0] && this.#stored(resource, kvs[0]);
  }

  /**
   * Stores a new object, with its claims, if its namespace takes new objects. Throws
   * `already-exists`, `fenced`, `forbidden`, and `invalid` for a claim that is taken.
   */
  async insert(resource: Resource, object: KubeObject, limits: WriteLimits): Promise<KubeObject> {
    const { namespace = '', name = '' } = object.metadata ?? {};
    const key = storageKey(resource, name, namespace);
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const draft = (await this.#deps.allocators(resource)?.allocate(object, attempt)) ?? object;
      const changes = changedClaims(resource, undefined, draft, object);
      const guards: Guard[] = [
        ...fenced(limits),
        ...(resource.namespaced
          ? [await this.#deps.namespaces.guard(namespace, resource, name)]
          : []),
        absentGuard(key, () => alreadyExists(resource, name)),
        ...changes.guards,
      ];
      const outcome = await this.#put(resource, key, draft, guards, claimOps(changes, key), limits);
      if (outcome.committed) return withResourceVersion(draft, outcome.revision);
    }
    throw tooContended(resource, name);
  }

  /**
   * Decides on the object as it is and writes that, deciding again where somebody else wrote in
   * between. The first look is at the watch cache, which may be old: what is decided on it only counts if it
   * still holds. Throws `fenced` also where there is nothing to do. `decide` may run several times and must not
   * have effects.
   */
  async mutate(
    resource: Resource,
    namespace: string,
    name: string,
    decide: (current: KubeObject) => Decision | Promise<Decision>,
    options: MutateOptions = {},
  ): Promise<Mutated> {
    const key = storageKey(resource, name, namespace);
    const hint = this.#deps.peek(resource, namespace, name);
    let current = hint ?? (await this.read(resource, namespace, name));
    // Of the newest state, and that the writer leads.
    let certain = hint === undefined && options.fence === undefined;
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      if (!current) throw notFound(resource, name);
      const decision = await decideOn(resource, name, current, decide, options.expect);
      if (decision instanceof QuorateError || isNoChange(decision, current)) {
        if (certain && decision instanceof QuorateError) throw decision;
        if (certain) return { object: current.object, gone: false };
        // A refusal, and that there is nothing to do, must rest on the newest state.
        const outcome = await guardedTxn(this.#deps.kv, guardsOf(key, current, options), []);
        if (!outcome.committed) current = this.#found(resource, key, outcome);
        certain = true;
        continue;
      }
      const outcome = await this.#write(resource, key, current, decision, attempt, options);
      if (outcome.committed) {
        const gone = decision.action === 'remove';
        return { object: outcome.object, gone };
      }
      current = this.#found(resource, key, outcome);
      certain = true;
    }
    throw tooContended(resource, name);
  }

  async #write(
    resource: Resource,
    key: Key,
    current: Stored,
    decision: Decision,
    attempt: number,
    limits: WriteLimits,
  ): Promise<Refused | { committed: true; object: KubeObject }> {
    const guards = guardsOf(key, current, limits);
    if (decision.action === 'remove') {
      const changes = changedClaims(resource, current.object, undefined, undefined);
      const ops: RequestOp[] = [{ type: 'deleteRange', deleteRange: { key } }];
      const all = [...ops, ...claimOps(changes, key)];
      const outcome = await guardedTxn(this.#deps.kv, guards, all, limits.dryRun);
      return outcome.committed ? { committed: true, object: decision.object } : outcome;
    }
    const asked = decision.object;
    const allocator = this.#deps.allocators(resource);
    const next = (await allocator?.allocate(asked, attempt, current.object)) ?? asked;
    const changes = changedClaims(resource, current.object, next, asked);
    const all = [...guards, ...changes.guards];
    const outcome = await this.#put(resource, key, next, all, claimOps(changes, key), limits);
    if (!outcome.committed) return outcome;
    const revision = limits.dryRun ? current.modRevision : outcome.revision;
    return { committed: true, object: withResourceVersion(next, revision) };
  }

  #put(
    resource: Resource,
    key: Key,
    object: KubeObject,
    guards: readonly Guard[],
    more: readonly RequestOp[],
    { dryRun }: WriteLimits,
  ): Promise<TxnOutcome> {
    const value = encodeObject(resource, object);
    return this.#deps.withLease(resource, (lease) =>
      guardedTxn(
        this.#deps.kv,
        guards,
        [{ type: 'put', put: { key, value, ...(lease && { lease }) } }, ...more],
        dryRun,
      ),
    );
  }

  #found(resource: Resource, key: Key, { found }: Refused): Stored | undefined {
    const kv = found.get(key);
    return kv && this.#stored(resource, kv);
  }

  #stored(resource: Resource, kv: KeyValue): Stored {
    return {
      key: kv.key,
      object: this.#deps.decode(resource, kv),
      modRevision: kv.modRevision,
    };
  }
}

/** What `decide` makes of it, or why it does not. */
async function decideOn(
  resource: Resource,
  name: string,
  { object, modRevision }: Stored,
  decide: (current: KubeObject) => Decision | Promise<Decision>,
  expect: string | undefined,
): Promise<Decision | QuorateError> {
  if (expect !== undefined && expect !== String(modRevision)) return conflict(resource, name);
  try {
    return await decide(object);
  } catch (thrown) {
    if (thrown instanceof QuorateError) return thrown;
    throw thrown;
  }
}

const fenced = ({ fence }: WriteLimits): Guard[] => (fence ? [fenceGuard(fence)] : []);

/** What a decision on an object rests on. */
function guardsOf(key: Key, current: Stored, limits: WriteLimits): Guard[] {
  return [...fenced(limits), unchangedGuard(key, current.modRevision)];
}

/** An update that changes nothing is not written: no new resourceVersion, no watch event. */
function isNoChange({ action, object }: Decision, current: Stored): boolean {
  if (action === 'remove') return false;
  return equalJson(withResourceVersion(object, current.modRevision), current.object);
}

const tooContended = (resource: Resource, name: string): QuorateError =>
  conflict(resource, name, 'too many others are changing it; please try again');
