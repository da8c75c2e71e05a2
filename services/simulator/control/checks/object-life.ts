import { isPodTerminal, type KubeObject, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** What never changes during the life of an object, and what goes one way only. */
export class ObjectLife implements Checker {
  readonly name = 'life of objects';
  readonly #forced = new Set<string>();

  /** What is said to have ended where nobody could be asked may still have word sent by its agent. */
  forced(uid: string): void {
    this.#forced.add(uid);
  }

  changed({ resource, key, revision, before, after }: Change): void {
    const broken = (what: string): never => {
      throw new BrokenPromise(`${key} at revision ${revision}: ${what}`);
    };
    if (before && !after) {
      // The last one may go together with the object.
      const { finalizers = [], deletionTimestamp } = before.metadata ?? {};
      if (finalizers.length > 0 && deletionTimestamp === undefined) {
        broken(`removed at once, for all its finalizers ${finalizers.join()}`);
      }
      if (finalizers.length > 1) broken(`removed with the finalizers ${finalizers.join()}`);
    }
    if (!before || !after) return;
    kept(before, after, broken);
    if (resource !== 'pods') return;
    placeKept(before, after, broken);
    if (!this.#forced.has(uidOf(after))) endKept(before, after, broken);
  }
}

function kept(before: KubeObject, after: KubeObject, broken: (what: string) => never): void {
  const [was, is] = [before.metadata ?? {}, after.metadata ?? {}];
  if (was.uid !== is.uid) broken(`uid ${was.uid} becomes ${is.uid}`);
  if (was.creationTimestamp !== is.creationTimestamp) broken('it was created at another time');
  if (was.deletionTimestamp !== undefined && is.deletionTimestamp === undefined) {
    broken('its deletion is taken back');
  }
  if ((is.deletionTimestamp ?? '') > (was.deletionTimestamp ?? is.deletionTimestamp ?? ''))
    broken(`its end at ${was.deletionTimestamp} is put off to ${is.deletionTimestamp}`);
  const graceSeconds = was.deletionGracePeriodSeconds ?? Infinity;
  if ((is.deletionGracePeriodSeconds ?? 0) > graceSeconds)
    broken(`${graceSeconds} s of grace become ${is.deletionGracePeriodSeconds}`);
  if ((is.generation ?? 0) < (was.generation ?? 0)) {
    broken(`generation ${was.generation} becomes ${is.generation}`);
  }
}

function placeKept(before: Pod, after: Pod, broken: (what: string) => never): void {
  const node = before.spec?.nodeName;
  if (node !== undefined && node !== after.spec?.nodeName) {
    broken(`bound to ${node}, then to ${after.spec?.nodeName}`);
  }
  if (node === undefined && after.spec?.nodeName !== undefined && isGoing(before)) {
    broken(`bound to ${after.spec.nodeName} on its way out`);
  }
}

function endKept(before: Pod, after: Pod, broken: (what: string) => never): void {
  if (isPodTerminal(before) && after.status?.phase !== before.status?.phase) {
    broken(`it was ${before.status?.phase} and is ${after.status?.phase}`);
  }
}
