import type { KubeObject } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { ObjectList } from '#shared/client';
import type { Checker } from './checker.ts';
import type { Change, ObjectHistory } from './objects.ts';
import type { Selects } from './selection.ts';

interface Read {
  readonly who: string;
  readonly resource: string;
  /** Of the store, when it was asked. */
  readonly since: number;
  readonly namespace: string | undefined;
}

interface ListRead extends Read {
  readonly selects: Selects;
}

/** What is read is as new as the moment it was asked for, and was so once. */
export class FreshReads implements Checker {
  readonly name = 'fresh reads';
  readonly #objects: ObjectHistory;

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  got(read: Read, name: string, object: KubeObject | undefined): void {
    const later = this.#objects
      .changesAfter(read.resource, read.since)
      .filter((change) => isOf(change, read.namespace, name));
    const revision = Number(object?.metadata?.resourceVersion ?? 0);
    const [first] = later;
    const known = first ? first.before : this.#now(read, name);
    const possible = [known, ...later.map(({ after }) => after)].map((each) =>
      Number(each?.metadata?.resourceVersion ?? 0),
    );
    if (possible.includes(revision)) return;
    throw new BrokenPromise(
      `${read.who} asks for ${read.resource} ${name} at revision ${read.since} and gets version ${revision || 'none'}; it was ${possible.map((each) => each || 'none').join(', ')}`,
    );
  }

  #now({ resource, namespace }: Read, name: string): KubeObject | undefined {
    return this.#objects.all(resource).find((object) => isAt(object, namespace, name));
  }

  /** `items`: of all pages, where there are several. */
  listed(
    read: ListRead,
    { items, resourceVersion }: Pick<ObjectList, 'items' | 'resourceVersion'>,
  ): void {
    const revision = Number(resourceVersion);
    const inScope = (change: Change): boolean => isOf(change, read.namespace, undefined);
    const missed = this.#objects
      .changesAfter(read.resource, revision)
      .find((change) => change.revision <= read.since && inScope(change));
    const said = `${read.who} lists ${read.resource} at revision ${read.since}, answered as of ${revision}`;
    if (missed) throw new BrokenPromise(`${said}: ${missed.key} changed at ${missed.revision}`);
    const state = [...this.#objects.asOf(read.resource, revision).values()].filter(
      (object) => isAt(object, read.namespace, undefined) && read.selects(object),
    );
    const expected = versionsOf(state)
      .sort((a, b) => a - b)
      .join();
    const versions = versionsOf(items);
    const actual = versions.sort((a, b) => a - b).join();
    if (actual !== expected) throw new BrokenPromise(`${said}: [${actual}], not [${expected}]`);
  }
}

const versionsOf = (objects: readonly KubeObject[]): number[] =>
  objects.map(({ metadata }) => Number(metadata?.resourceVersion));

const isOf = ({ before, after }: Change, namespace?: string, name?: string): boolean =>
  isAt(after ?? before ?? {}, namespace, name);

function isAt({ metadata }: KubeObject, namespace?: string, name?: string): boolean {
  if (namespace && metadata?.namespace !== namespace) return false;
  return name === undefined || metadata?.name === name;
}
