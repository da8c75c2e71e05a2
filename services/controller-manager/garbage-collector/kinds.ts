import { groupVersion, type KindInfo, type KubeObject, qualifiedResource } from '#shared/api';
import type { Informer } from '#shared/client';
import { byOwner, type SharedInformers } from '../shared-informers.ts';

export interface CollectedKind {
  readonly info: KindInfo;
  readonly informer: Informer<KubeObject>;
}

export interface Dependent {
  readonly kind: CollectedKind;
  readonly object: KubeObject;
}

/** Events own nothing and expire by themselves; Kubernetes leaves them out as well. */
const ignored: ReadonlySet<string> = new Set(['events', 'events.events.k8s.io']);

/** The kinds that the garbage collector follows, found by collection or as owners name them. */
export class CollectedKinds {
  readonly #byCollection = new Map<string, CollectedKind>();
  readonly #byOwnerKind = new Map<string, CollectedKind>();

  constructor(kinds: readonly KindInfo[], informers: SharedInformers) {
    for (const info of kinds) {
      const collection = qualifiedResource(info);
      const followed = ['list', 'watch', 'delete'].every((verb) => info.verbs.includes(verb));
      if (!followed || ignored.has(collection)) continue;
      const kind = { info, informer: informers.of<KubeObject>(info) };
      this.#byCollection.set(collection, kind);
      this.#byOwnerKind.set(`${groupVersion(info)} ${info.kind}`, kind);
    }
  }

  all(): readonly CollectedKind[] {
    return [...this.#byCollection.values()];
  }

  of(collection: string): CollectedKind | undefined {
    return this.#byCollection.get(collection);
  }

  ofOwner({ apiVersion, kind }: { apiVersion: string; kind: string }): CollectedKind | undefined {
    return this.#byOwnerKind.get(`${apiVersion} ${kind}`);
  }

  /** Every object that names this uid as an owner. */
  dependentsOf(uid: string): readonly Dependent[] {
    return this.all().flatMap((kind) =>
      kind.informer.store.byIndex(byOwner, uid).map((object) => ({ kind, object })),
    );
  }
}
