import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing } from './metadata.ts';
import type { Change } from './objects.ts';

/** The generation of what has one counts the changes of what is wanted of it, and its deletion. */
export class Generations implements Checker {
  readonly name = 'generations';

  changed({ key, revision, before, after }: Change): void {
    const was = before?.metadata?.generation;
    if (!before || !after || was === undefined) return;
    const begins = !isGoing(before) && isGoing(after);
    const counts = begins || !isDeepStrictEqual(wanted(before), wanted(after));
    const is = after.metadata?.generation ?? 0;
    if (is === was + (counts ? 1 : 0)) return;
    const what = counts ? 'what is wanted changes' : 'nothing that is wanted changes';
    throw new BrokenPromise(`${key} at revision ${revision}: ${what}, generation ${was} to ${is}`);
  }
}

function wanted(object: KubeObject): object {
  const { metadata: _, status: _status, ...rest } = object as KubeObject & { status?: unknown };
  return rest;
}
