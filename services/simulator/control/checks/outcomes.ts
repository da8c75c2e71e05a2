import type { KubeObject } from '#shared/api';
import { assertNever } from '#shared/base';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { ObjectHistory } from './objects.ts';

/** What a write of one object was answered that has not changed it. */
export interface Outcome {
  readonly who: string;
  /** `update of pods web-1`. */
  readonly what: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** Revisions of the store, when it was asked for and when it was answered. */
  readonly since: number;
  readonly until: number;
  /** `same`: there was nothing to change; the answer is this version. */
  readonly answer: 'same' | 'not-found' | 'already-exists' | 'conflict';
  /** The version that is answered, or that was asked for. */
  readonly version?: string | undefined;
}

/** That a write changes nothing rests on what was there at some moment between the question and the answer. */
export class Outcomes implements Checker {
  readonly name = 'outcomes of writes';
  readonly #objects: ObjectHistory;

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  told(outcome: Outcome): void {
    const { who, what, answer, version = '' } = outcome;
    const versions = this.#versions(outcome);
    if (isRight(answer, versions, version)) return;
    const were = versions.map((each) => each ?? 'none').join(', ');
    throw new BrokenPromise(
      `${who} is answered ${answer} ${version} to its ${what}; there was ${were} meanwhile`,
    );
  }

  /** All that there were; undefined: none. */
  #versions({ resource, namespace, name, since, until }: Outcome): (string | undefined)[] {
    const isIt = (object: KubeObject | undefined): boolean =>
      object?.metadata?.name === name && (object.metadata.namespace ?? '') === (namespace ?? '');
    const later = this.#objects
      .changesAfter(resource, since)
      .filter(({ before, after }) => isIt(after ?? before));
    const first = later[0] ? later[0].before : this.#objects.all(resource).find(isIt);
    const seen = later.filter(({ revision }) => revision <= until).map(({ after }) => after);
    return [first, ...seen].map((object) => object?.metadata?.resourceVersion);
  }
}

function isRight(
  answer: Outcome['answer'],
  versions: readonly (string | undefined)[],
  version: string,
): boolean {
  switch (answer) {
    case 'same':
      return versions.includes(version);
    case 'conflict':
      return versions.some((each) => each !== version);
    case 'not-found':
      return versions.includes(undefined);
    case 'already-exists':
      return versions.some((each) => each !== undefined);
    default:
      return assertNever(answer, 'answer');
  }
}
