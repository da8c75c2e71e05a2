import type { ResourceQuota } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { nameOf } from './metadata.ts';
import type { ObjectHistory } from './objects.ts';

/** A creation that was refused. */
export interface Refused {
  readonly who: string;
  readonly resource: string;
  readonly namespace: string;
  /** In words. */
  readonly why: string;
  /** Revisions of the store, when it was asked for and when it was answered. */
  readonly since: number;
  readonly until: number;
}

/** Who is refused for a quota's sake is refused by one of that namespace, which had no room for one more. */
export class QuotaRefusals implements Checker {
  readonly name = 'quotas';
  readonly #objects: ObjectHistory;

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  refused({ who, resource, namespace, why, since, until }: Refused): void {
    const [, name] = /exceeded quota: ([^,]+),/.exec(why) ?? [];
    if (name === undefined) return;
    const isIt = (quota: ResourceQuota | undefined): quota is ResourceQuota =>
      quota?.metadata?.namespace === namespace && nameOf(quota) === name;
    const known = [...this.#objects.asOf('resourcequotas', since).values()].filter(isIt);
    const later = this.#objects
      .changesAfter('resourcequotas', since)
      .flatMap(({ after, revision }) => (revision <= until && isIt(after) ? [after] : []));
    const versions: ResourceQuota[] = [...known, ...later];
    const isFull = ({ status }: ResourceQuota): boolean =>
      Number(status?.used?.[resource] ?? 0) + 1 > Number(status?.hard?.[resource] ?? Infinity);
    if (versions.some(isFull)) return;
    const rooms = versions.map(({ status }) => JSON.stringify(status)).join(', ');
    throw new BrokenPromise(
      `${who} is refused ${resource} in ${namespace} by quota ${name}, which was ${rooms || 'not there'}`,
    );
  }
}
