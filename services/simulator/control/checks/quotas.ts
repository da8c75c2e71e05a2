import type { ResourceQuota } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

interface Limit {
  readonly hard: Readonly<Record<string, string>>;
  readonly namespace: string;
  /** Since when it is what it is. */
  readonly sinceMs: number;
}

/** What is charged, and not there yet, may be given back by who counts at that moment. */
const underway = 3;

/** No more is created than a quota of its namespace has room for. */
export class Quotas implements Checker {
  readonly name = 'quotas';
  /** By the quota's key. */
  readonly #limits = new Map<string, Limit>();
  /** By resource and namespace. */
  readonly #counts = new Map<string, number>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    const { resource, key, revision, atMs, before, after } = change;
    if (resource === 'resourcequotas') this.#quota(change);
    const step = Number(after !== undefined) - Number(before !== undefined);
    if (step === 0) return;
    const { namespace = '' } = (after ?? before)?.metadata ?? {};
    const place = `${resource} ${namespace}`;
    const count = (this.#counts.get(place) ?? 0) + step;
    this.#counts.set(place, count);
    if (step < 0) return;
    for (const limit of this.#limits.values()) {
      const { [resource]: most } = limit.hard;
      if (most === undefined || limit.namespace !== namespace) continue;
      if (limit.sinceMs > atMs - this.#patienceMs || count <= Number(most) + underway) continue;
      throw new BrokenPromise(
        `${key} is number ${count} at revision ${revision}, and its quota is ${most}`,
      );
    }
  }

  #quota({ key, atMs, before, after }: Change): void {
    const quota: ResourceQuota | undefined = after;
    const last: ResourceQuota | undefined = before;
    const { hard = {} } = quota?.spec ?? {};
    if (!quota) this.#limits.delete(key);
    else if (JSON.stringify(hard) !== JSON.stringify(last?.spec?.hard))
      this.#limits.set(key, { hard, namespace: quota.metadata?.namespace ?? '', sinceMs: atMs });
  }
}
