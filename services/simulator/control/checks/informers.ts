import { type KubeObject, objectKey } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { InformerHandlers } from '#shared/client';
import type { Checker } from './checker.ts';
import { uidOf } from './metadata.ts';

/**
 * Whoever follows objects is told whole lives, whatever a new list left out: each begins, changes and ends, none goes
 * back, and a namesake is another one.
 */
export class Informers implements Checker {
  readonly name = 'informers';

  /** What the handlers of one informer look at; `check` says what is wrong to whoever wants to know. */
  handlers(informer: string, check: (look: () => void) => void): InformerHandlers<KubeObject> {
    /** By key. */
    const known = new Map<string, KubeObject>();
    const tell = (what: string, before: KubeObject | undefined, after: KubeObject): void => {
      const last = known.get(objectKey(after));
      const wrong =
        uidOf(last ?? {}) !== uidOf(before ?? {})
          ? `and it knows of ${textOf(last)}`
          : before && uidOf(before) !== uidOf(after)
            ? `which was ${textOf(before)}`
            : versionOf(last) > versionOf(after)
              ? `after ${textOf(last)}`
              : undefined;
      if (wrong === undefined) return;
      throw new BrokenPromise(
        `handlers of an informer of ${informer} are told that ${objectKey(after)}, ${textOf(after)}, ${what}, ${wrong}`,
      );
    };
    return {
      added: (object) => {
        check(() => tell('is there', undefined, object));
        known.set(objectKey(object), object);
      },
      updated: (before, after) => {
        check(() => tell('has changed', before, after));
        known.set(objectKey(after), after);
      },
      deleted: (object) => {
        check(() => tell('is gone', object, object));
        known.delete(objectKey(object));
      },
    };
  }
}

const versionOf = (object: KubeObject | undefined): number =>
  Number(object?.metadata?.resourceVersion ?? 0);

const textOf = (object: KubeObject | undefined): string =>
  object ? `${uidOf(object)} @${versionOf(object)}` : 'none';
