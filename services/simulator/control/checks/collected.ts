import type { KubeObject } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { ObjectHistory } from './objects.ts';
import type { Deletion } from './preconditions.ts';

/** What the garbage collector deletes has no owner that lives, and had one. */
export class Collected implements Checker {
  readonly name = 'garbage collection';
  readonly #objects: ObjectHistory;

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  deleted({ resource, namespace, name, uid, since, until }: Deletion): void {
    const isIt = (object: KubeObject | undefined): object is KubeObject =>
      object?.metadata?.uid === uid && object?.metadata?.namespace === namespace;
    const known = [...this.#objects.asOf(resource, since).values()].find(isIt);
    const later = this.#objects
      .changesAfter(resource, since)
      .flatMap(({ after, revision }) => (revision <= until && isIt(after) ? [after] : []));
    const place = this.#objects.all('namespaces').find((each) => nameOf(each) === namespace);
    // All that is in a namespace goes with it.
    if (!known || isGoing(known) || !place || isGoing(place)) return;
    const versions = [known, ...later.filter((each) => !isGoing(each))];
    const living = versions.map((each) => this.#livingOwner(each));
    if (!living.every((owner) => owner !== undefined)) return;
    throw new BrokenPromise(`${resource} ${name} is collected, and belongs to ${living[0]}`);
  }

  /** Undefined: it may go. */
  #livingOwner({ metadata }: KubeObject): string | undefined {
    const { ownerReferences = [] } = metadata ?? {};
    if (ownerReferences.length === 0) return 'nobody';
    for (const { apiVersion, kind, uid } of ownerReferences) {
      const group = apiVersion.includes('/') ? `${apiVersion.split('/')[0]}/` : '';
      const owners = this.#objects.all(`${group}${kind.toLowerCase()}s`);
      const owner = owners.find((each) => uidOf(each) === uid);
      if (owner && !isGoing(owner)) return `${kind} ${nameOf(owner)}`;
    }
    return undefined;
  }
}
