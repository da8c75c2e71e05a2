import type { Node, Taint } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { ObjectHistory } from './objects.ts';
import type { Written } from './writes.ts';

/** Taints that the cluster keeps by itself. */
const own = 'node.kubernetes.io/';

/** What users taint a node with, controllers leave. */
export class Taints implements Checker {
  readonly name = 'taints';
  readonly #objects: ObjectHistory;

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  /** By a controller. */
  wrote({ who, resource, answer }: Written): void {
    if (resource !== 'nodes') return;
    const { name, resourceVersion } = answer.metadata ?? {};
    const change = this.#objects
      .changesAfter(resource, Number(resourceVersion) - 1)
      .find(({ after }) => after?.metadata?.name === name);
    const [before, after]: (Node | undefined)[] = [change?.before, change?.after];
    if (!before || !after || change?.revision !== Number(resourceVersion)) return;
    const [were, are] = [usersOf(before), usersOf(after)];
    if (were === are) return;
    throw new BrokenPromise(
      `${who} writes ${name} at revision ${resourceVersion}, and users' taints [${were}] become [${are}]`,
    );
  }
}

const usersOf = ({ spec }: Node): string =>
  (spec?.taints ?? [])
    .filter(({ key }) => !key.startsWith(own))
    .map(({ key, value = '', effect }: Taint) => `${key}=${value}:${effect}`)
    .sort()
    .join();
