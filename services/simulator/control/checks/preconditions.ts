import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { ObjectHistory } from './objects.ts';

/** A deletion that was granted, of an object that was named by its uid. */
export interface Deletion {
  readonly who: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
  /** Revisions of the store, when it was asked for and when it was answered. */
  readonly since: number;
  readonly until: number;
}

/** Whoever names the one that is to be deleted does not hit its namesake. */
export class Preconditions implements Checker {
  readonly name = 'preconditions';
  readonly #objects: ObjectHistory;

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  deleted({ who, resource, namespace, name, uid, since, until }: Deletion): void {
    const changes = this.#objects.changes(resource).filter(({ before, after, revision }) => {
      const { metadata } = after ?? before ?? {};
      return (
        revision <= until &&
        metadata?.name === name &&
        (!namespace || metadata.namespace === namespace)
      );
    });
    const known = changes.findLast(({ revision }) => revision <= since)?.after;
    const later = changes.filter(({ revision }) => revision > since).map(({ after }) => after);
    const uids = [known, ...later].map((object) => object?.metadata?.uid);
    if (uids.includes(uid)) return;
    throw new BrokenPromise(
      `${who} deleted ${resource} ${name} if it was ${uid}; it was ${uids.map((each) => each ?? 'none').join(', ')}`,
    );
  }
}
