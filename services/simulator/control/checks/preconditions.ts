import type { KubeObject, Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { ObjectHistory } from './objects.ts';

/** A deletion that was granted, of an object that was named by its uid, its version, or both. */
export interface Deletion {
  readonly who: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** What is to become of its dependents; absent: as its kind has it. */
  readonly propagation?: string | undefined;
  /** Revisions of the store, when it was asked for and when it was answered. */
  readonly since: number;
  readonly until: number;
}

/** A write that was granted, of an object that was named by its uid. */
export interface Hit {
  readonly who: string;
  readonly what: string;
  readonly meant: string;
  readonly hit: string | undefined;
}

/** A pod that was to get a node, and did. */
export interface Bound {
  readonly who: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly since: number;
  readonly until: number;
}

/** Whoever names the one that is to be deleted, changed, or bound does not hit its namesake. */
export class Preconditions implements Checker {
  readonly name = 'preconditions';
  readonly #objects: ObjectHistory;

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  hit({ who, what, meant, hit }: Hit): void {
    if (hit !== meant) throw new BrokenPromise(`${who}: ${what} is of ${meant}, and hits ${hit}`);
  }

  bound({ who, namespace, name, uid, since, until }: Bound): void {
    const given = this.#objects
      .changesAfter('pods', since)
      .flatMap(({ revision, before, after }) => {
        const [was, is]: [Pod | undefined, Pod] = [before, after ?? {}];
        const { metadata = {}, spec } = is;
        const isIt = metadata.name === name && metadata.namespace === namespace;
        const isNow = isIt && spec?.nodeName !== undefined && was?.spec?.nodeName === undefined;
        return revision <= until && isNow ? [metadata.uid] : [];
      });
    // Others may have bound the next one before this was answered.
    const hit = given.includes(uid) ? uid : given[0];
    this.hit({ who, what: `binding of ${name}`, meant: uid, hit });
  }

  deleted({ who, resource, namespace, name, since, until, uid, resourceVersion }: Deletion): void {
    const wanted = { uid, resourceVersion };
    const isIt = (object: KubeObject | undefined): object is KubeObject =>
      object?.metadata?.name === name && (!namespace || object.metadata.namespace === namespace);
    const known = [...this.#objects.asOf(resource, since).values()].filter(isIt);
    const later = this.#objects
      .changesAfter(resource, since)
      .flatMap(({ after, revision }) => (revision <= until && isIt(after) ? [after] : []));
    const possible = [...known, ...later].map(({ metadata }) => metadata ?? {});
    const fits = possible.some(
      ({ uid, resourceVersion }) =>
        (wanted.uid ?? uid) === uid &&
        (wanted.resourceVersion ?? resourceVersion) === resourceVersion,
    );
    if (fits) return;
    const text = ({ uid = 'none', resourceVersion = '' }): string => `${uid} @${resourceVersion}`;
    throw new BrokenPromise(
      `${who} deleted ${resource} ${name} if it was ${text(wanted)}; it was ${possible.map(text).join(', ')}`,
    );
  }
}
