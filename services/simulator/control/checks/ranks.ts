import { BrokenPromise } from '#shared/checks';
import { rankKey } from '../users/sorts.ts';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

/** What users said of a node stays, however often it registers again: they never take this label away. */
export class Ranks implements Checker {
  readonly name = 'labels of nodes';

  changed({ resource, key, revision, before, after }: Change): void {
    if (resource !== 'nodes' || !after) return;
    const was = before?.metadata?.labels?.[rankKey];
    if (was === undefined || after.metadata?.labels?.[rankKey] !== undefined) return;
    throw new BrokenPromise(`${key} loses its ${rankKey} ${was} at revision ${revision}`);
  }
}
