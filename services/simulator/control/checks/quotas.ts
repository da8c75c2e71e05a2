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

/** How many there were, from some moment on. */
interface Count {
  readonly atMs: number;
  readonly count: number;
}

/** No more is created, nor charged, than a quota of its namespace has room for. */
export class Quotas implements Checker {
  readonly name = 'quotas';
  /** By the quota's key. */
  readonly #limits = new Map<string, Limit>();
  /** By resource and namespace: the last is what there is, those before it what may be known. */
  readonly #counts = new Map<string, readonly Count[]>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    const { resource, key, revision, atMs, before, after } = change;
    if (resource === 'resourcequotas') {
      this.#quota(change);
      this.#charged(change);
    }
    const step = Number(after !== undefined) - Number(before !== undefined);
    if (step === 0) return;
    const { namespace = '' } = (after ?? before)?.metadata ?? {};
    const place = `${resource} ${namespace}`;
    const known = this.#known(place, atMs);
    const count = (known.at(-1)?.count ?? 0) + step;
    this.#counts.set(place, [...known, { atMs, count }]);
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

  /** What there was at some moment that is not that long ago. */
  #known(place: string, atMs: number): readonly Count[] {
    const all = this.#counts.get(place) ?? [{ atMs: 0, count: 0 }];
    const last = all.findLastIndex((each) => each.atMs <= atMs - this.#patienceMs);
    return all.slice(Math.max(last, 0));
  }

  /** Who counts may find more than is allowed, for a quota is changed at any time; who charges is to refuse. */
  #charged({ key, revision, atMs, before, after }: Change): void {
    const [was, is]: (ResourceQuota | undefined)[] = [before, after];
    const { hard = {}, used = {} } = is?.status ?? {};
    for (const [resource, most] of Object.entries(hard)) {
      const count = Number(used[resource]);
      if (!(count > Number(most) && count > Number(was?.status?.used?.[resource] ?? 0))) continue;
      const known = this.#known(`${resource} ${is?.metadata?.namespace}`, atMs);
      if (known.some((each) => each.count === count)) continue;
      throw new BrokenPromise(
        `${key} says at revision ${revision} that ${count} of ${most} ${resource} are used, and there were ${known.map((each) => each.count).join(', ')}`,
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
