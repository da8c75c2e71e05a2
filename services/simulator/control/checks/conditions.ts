import type { KubeObject } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime?: string | undefined;
}

/** Times are said in seconds. */
const roundedMs = 2_000;

/** A pod's condition, once said, stays; where nothing breaks, any condition says when it last changed. */
export class Conditions implements Checker {
  readonly name = 'conditions';
  /** By uid and type: when it last became what it is. */
  readonly #sinceMs = new Map<string, number>();

  readonly #isCalm: boolean;

  /** Else what was so a while ago may be written now. */
  constructor(isCalm: boolean) {
    this.#isCalm = isCalm;
  }

  changed({ resource, key, revision, atMs, before, after }: Change): void {
    if (!after) return;
    const were = conditionsOf(before);
    const are = conditionsOf(after);
    for (const is of are) {
      const was = were.find(({ type }) => type === is.type);
      if (was?.status === is.status) continue;
      const id = `${uidOf(after)} ${is.type}`;
      const sinceMs = this.#sinceMs.get(id);
      this.#sinceMs.set(id, atMs);
      if (!was?.lastTransitionTime || was.lastTransitionTime !== is.lastTransitionTime) continue;
      if (!this.#isCalm || sinceMs === undefined || atMs - sinceMs < roundedMs) continue;
      throw new BrokenPromise(
        `${key} is ${is.type} ${is.status} at revision ${revision}, since ${is.lastTransitionTime}, and was ${was.status} since then`,
      );
    }
    if (resource !== 'pods' || !before) return;
    const lost = were.find(({ type }) => !are.some((each) => each.type === type));
    if (lost)
      throw new BrokenPromise(
        `${key} loses its condition ${lost.type} (${lost.status}) at revision ${revision}`,
      );
  }
}

const conditionsOf = (object: KubeObject | undefined): readonly Condition[] =>
  (object as { readonly status?: { readonly conditions?: readonly Condition[] } } | undefined)
    ?.status?.conditions ?? [];
