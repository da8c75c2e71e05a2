import { must, type QuorateError } from '#shared/base';
import { forbiddenTo, notFound, refs, type Resource, storageKey } from '#shared/api';
import type { KvClient } from '#shared/client';
import type { KeyValue } from '#shared/mvcc';
import { decodeObjectOf } from './codec.ts';
import type { Guard } from './guarded-txn.ts';
import { isTerminating, namespaceGuard } from './guards.ts';

/** Of an object that was to be made in a namespace whose content is being removed. */
export const beingTerminated = (
  namespace: string,
  resource: Resource,
  name: string,
): QuorateError =>
  forbiddenTo(
    resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );

/**
 * Holds creates to namespaces that exist and are not being deleted, without a read per create: the
 * state last seen is a guard of the transaction, and a transaction that finds another one teaches
 * us. So no object can slip into a namespace whose content is being removed.
 */
export class NamespaceGuards {
  readonly #kv: KvClient;
  readonly #namespaces: Resource;
  /** Mod revisions of namespaces that were not terminating. */
  readonly #seen = new Map<string, number>();

  constructor(kv: KvClient, namespaces: Resource) {
    this.#kv = kv;
    this.#namespaces = namespaces;
  }

  /** Throws `not-found` or `forbidden` as the guard would. */
  async guard(namespace: string, resource: Resource, name: string): Promise<Guard> {
    const key = storageKey(this.#namespaces, namespace);
    if (!this.#seen.has(namespace)) {
      const { kvs } = await this.#kv.range({ key });
      const refusal = this.#learn(namespace, kvs[0], resource, name);
      if (refusal) throw refusal;
    }
    const seen = this.#seen.get(namespace);
    return namespaceGuard(key, must(seen, 'just learned'), (kv) =>
      this.#learn(namespace, kv, resource, name),
    );
  }

  #learn(
    namespace: string,
    kv: KeyValue | undefined,
    resource: Resource,
    name: string,
  ): QuorateError | undefined {
    const terminating = kv !== undefined && isTerminating(decodeObjectOf(this.#namespaces, kv));
    if (kv && !terminating) {
      this.#seen.set(namespace, kv.modRevision);
      return undefined;
    }
    this.#seen.delete(namespace);
    return kv ? beingTerminated(namespace, resource, name) : notFound(refs.namespaces, namespace);
  }
}
