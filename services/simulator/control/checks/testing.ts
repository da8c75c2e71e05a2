import type { KubeObject } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { ContainerStatus } from '#services/agent';
import type { Checker } from './checker.ts';
import { type Change, ObjectHistory } from './objects.ts';

/** A store by hand: what is put shows in `history`, and to the checker. */
export class Store {
  readonly history = new ObjectHistory();
  /** When it happens; absent: one after the other. */
  nowMs: number | undefined;
  readonly #checker: Checker | undefined;
  #revision = 1;

  constructor(checker?: Checker) {
    this.#checker = checker;
  }

  put(key: string, object: KubeObject): number {
    return this.#add('put', key, object);
  }

  remove(key: string): number {
    return this.#add('delete', key, {});
  }

  #add(type: 'put' | 'delete', key: string, object: KubeObject): number {
    const revision = ++this.#revision;
    const value = Buffer.from(JSON.stringify(object));
    const kv = { key, value, createRevision: 1, modRevision: revision, version: 1, lease: 0n };
    const changes: Change[] = this.history.add({
      revision,
      atMs: this.nowMs ?? revision,
      events: [{ type, kv }],
    });
    for (const change of changes) this.#checker?.changed?.(change);
    return revision;
  }
}

export const podKey = (name: string): string => `/registry/pods/default/${name}`;
export const mapKey = (name: string): string => `/registry/configmaps/default/${name}`;

/** A namespace with what each has. */
export function putNamespace(store: Store, name: string): void {
  store.put(`/registry/namespaces/${name}`, { metadata: { name, uid: name } });
  const own = (object: string) => ({ metadata: { name: object, namespace: name, uid: object } });
  store.put(`/registry/serviceaccounts/${name}/default`, own('default'));
  const authority = { ...own('kube-root-ca.crt'), data: { 'ca.crt': 'simulated' } };
  store.put(`/registry/configmaps/${name}/kube-root-ca.crt`, authority);
}

export const named = (name: string, uid = name, more: object = {}): KubeObject => ({
  metadata: { name, namespace: 'default', uid, ...more },
});

export const controlledBy = (kind: string, uid: string) => ({
  ownerReferences: [{ apiVersion: 'v1', kind, name: uid, uid, controller: true }],
});

export const container = (uid: string, attempt = 0): ContainerStatus => ({
  id: `${uid}_main_${attempt}`,
  podSandboxId: uid,
  name: 'main',
  attempt,
  image: 'sim',
  state: 'running',
  createdAt: 0,
});

export const broken = (act: () => void): string => {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof BrokenPromise) return thrown.message;
    throw thrown;
  }
  return 'kept';
};
