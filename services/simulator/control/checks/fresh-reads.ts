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
    const changes = this.#objects
      .changes(read.resource)
      .filter((change) => isOf(change, read.namespace, name));
    const revision = Number(object?.metadata?.resourceVersion ?? 0);
    const known = changes.findLast((change) => change.revision <= read.since)?.after;
    const later = changes.filter((change) => change.revision > read.since);
    const possible = [known, ...later.map(({ after }) => after)].map((each) =>
      Number(each?.metadata?.resourceVersion ?? 0),
    );
    if (possible.includes(revision)) return;
    throw new BrokenPromise(
      `${read.who} asks for ${read.resource} ${name} at revision ${read.since} and gets version ${revision || 'none'}; it was ${possible.map((each) => each || 'none').join(', ')}`,
    );
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
    const state = new Map<string, number>();
    for (const change of this.#objects.changes(read.resource)) {
      if (change.revision > revision) break;
      if (!inScope(change)) continue;
      if (change.after && read.selects(change.after)) state.set(change.key, change.revision);
      else state.delete(change.key);
    }
    const expected = [...state.values()].sort((a, b) => a - b).join();
    const versions = items.map(({ metadata }) => Number(metadata?.resourceVersion));
    const actual = versions.sort((a, b) => a - b).join();
    if (actual !== expected) throw new BrokenPromise(`${said}: [${actual}], not [${expected}]`);
  }
}

function isOf({ before, after }: Change, namespace?: string, name?: string): boolean {
  const { metadata } = after ?? before ?? {};
  if (namespace && metadata?.namespace !== namespace) return false;
  return name === undefined || metadata?.name === name;
}
