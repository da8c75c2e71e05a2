import { isDeepStrictEqual } from 'node:util';
import {
  type Deployment,
  getControllerOf,
  type PodTemplateSpec,
  type ReplicaSet,
} from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** Something that was so from some moment to another. */
interface Was {
  readonly template: PodTemplateSpec | undefined;
  /** Of a ReplicaSet: how many pods it counts. */
  readonly count: number;
  /** Infinity: it is. */
  untilMs: number;
}

/** A Deployment calls no more pods up to date than there may have been of its template, as far as its controller knew. */
export class Told implements Checker {
  readonly name = 'pods called up to date';
  /** By uid of the Deployment: its templates, and what its ReplicaSets were. */
  readonly #templates = new Map<string, Was[]>();
  readonly #sets = new Map<string, Map<string, Was[]>>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    if (change.resource === 'apps/deployments') this.#deployment(change);
    if (change.resource === 'apps/replicasets') this.#replicaSet(change);
  }

  #replicaSet({ atMs, before, after }: Change): void {
    const set: ReplicaSet = after ?? before ?? {};
    const owner = getControllerOf(set)?.uid ?? '';
    const sets = this.#sets.get(owner) ?? new Map<string, Was[]>();
    this.#sets.set(owner, sets);
    const count = after ? (set.status?.replicas ?? 0) : 0;
    const was = sets.get(uidOf(set)) ?? [];
    sets.set(uidOf(set), this.#followed(was, { template: set.spec?.template, count }, atMs));
  }

  #deployment({ key, atMs, revision, before, after }: Change): void {
    const deployment: Deployment | undefined = after;
    const uid = uidOf(after ?? before ?? {});
    if (!deployment) {
      this.#templates.delete(uid);
      this.#sets.delete(uid);
      return;
    }
    const known = this.#templates.get(uid) ?? [];
    const { template } = deployment.spec ?? {};
    const templates = this.#followed(known, { template, count: 0 }, atMs);
    this.#templates.set(uid, templates);
    const { updatedReplicas = 0 } = deployment.status ?? {};
    const last: Deployment = before ?? {};
    if (updatedReplicas <= (last.status?.updatedReplicas ?? 0)) return;
    const counts = [...(this.#sets.get(uid)?.values() ?? [])]
      .flat()
      .flatMap((set) =>
        templates.some((each) => isSame(each.template, set.template)) ? [set.count] : [],
      );
    const most = Math.max(0, ...counts);
    if (updatedReplicas <= most) return;
    throw new BrokenPromise(
      `${key} calls ${updatedReplicas} pods up to date at revision ${revision}, of ${most}`,
    );
  }

  /** What was over before anybody who works began to know it is forgotten. */
  #followed(was: readonly Was[], now: Omit<Was, 'untilMs'>, atMs: number): Was[] {
    const kept = was.filter(({ untilMs }) => untilMs > atMs - this.#patienceMs);
    const last = kept.at(-1);
    if (last?.untilMs === Infinity) {
      if (last.count === now.count && isSame(last.template, now.template)) return kept;
      last.untilMs = atMs;
    }
    return [...kept, { ...now, untilMs: Infinity }];
  }
}

/** But for what controllers add. */
const isSame = (a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean =>
  isDeepStrictEqual(a?.spec, b?.spec) &&
  isDeepStrictEqual(a?.metadata?.annotations ?? {}, b?.metadata?.annotations ?? {});
