import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { ContainerStatus } from '#services/agent';
import type { Checker } from './checker.ts';
import { nameOf, uidOf } from './metadata.ts';
import type { Change, ObjectHistory } from './objects.ts';
import { claimNamed, claimNames, isCompleted, isFor, isUsing, reaches } from './storage.ts';

const claims = 'persistentvolumeclaims';
const volumes = 'persistentvolumes';

/**
 * A volume has one claim and a claim one volume, each says so of the other; neither goes while it is used, no data goes
 * that is to be kept, and pods are, and run, where their volumes are.
 */
export class Volumes implements Checker {
  readonly name = 'volumes';
  readonly #objects: ObjectHistory;
  readonly #patienceMs: number;
  /** By uid of a pod: when it was bound. */
  readonly #boundMs = new Map<string, number>();
  /** By key: when a claim of that name went last. */
  readonly #goneMs = new Map<string, number>();
  /** By name of a volume: when it was last to be deleted with its claim. */
  readonly #deletableMs = new Map<string, number>();

  /** What was that long ago is known to all who work. */
  constructor(objects: ObjectHistory, patienceMs: number) {
    this.#objects = objects;
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    const wrong = this.#wrong(change);
    if (wrong === undefined) return;
    throw new BrokenPromise(`${change.key} ${wrong}, at revision ${change.revision}`);
  }

  started(node: string, { podSandboxId }: ContainerStatus): void {
    const pod = this.#objects.all<Pod>('pods').find((each) => uidOf(each) === podSandboxId);
    const place = this.#node(node);
    if (!pod || !place) return;
    for (const name of claimNames(pod)) {
      const claim = claimNamed(this.#objects, pod, name);
      const volume = this.#volume(claim?.spec?.volumeName);
      if (!claim || !volume || !isFor(volume, claim) || reaches(volume, place)) continue;
      throw new BrokenPromise(
        `${nameOf(pod)} starts on ${node}, and its volume ${nameOf(volume)} is elsewhere`,
      );
    }
  }

  #wrong(change: Change): string | undefined {
    if (change.resource === volumes) return this.#volumeChanged(change);
    if (change.resource === claims) return this.#claimChanged(change);
    return change.resource === 'pods' ? this.#podChanged(change) : undefined;
  }

  #volumeChanged({ atMs, before, after }: Change): string | undefined {
    const [was, is]: (PersistentVolume | undefined)[] = [before, after];
    const name = nameOf(is ?? was ?? {});
    // Of the last version as well: until now it was.
    if ([was, is].some((one) => one?.spec?.persistentVolumeReclaimPolicy === 'Delete'))
      this.#deletableMs.set(name, atMs);
    const owner = was?.spec?.claimRef?.uid;
    if (!owner) return undefined;
    const claim = this.#objects
      .all<PersistentVolumeClaim>(claims)
      .find((one) => uidOf(one) === owner);
    const isItsOwn = claim?.spec?.volumeName === name;
    if (!is) return isItsOwn ? `goes, and claim ${nameOf(claim)} has it` : undefined;
    const next = is.spec?.claimRef?.uid;
    if (next === owner) return undefined;
    if (next) return `was of claim ${owner}, and is of claim ${next}`;
    return isItsOwn ? `is let go, and claim ${nameOf(claim)} has it` : undefined;
  }

  #claimChanged({ key, atMs, before, after }: Change): string | undefined {
    const [was, is]: (PersistentVolumeClaim | undefined)[] = [before, after];
    if (!is) {
      this.#goneMs.set(key, atMs);
      const known = (pod: Pod): boolean =>
        (this.#boundMs.get(uidOf(pod)) ?? 0) < atMs - this.#patienceMs;
      const user = this.#objects
        .all<Pod>('pods')
        .find((pod) => isUsing(pod, was ?? {}) && known(pod));
      return user ? `goes, and ${nameOf(user)} uses it` : undefined;
    }
    const { volumeName } = is.spec ?? {};
    const last = was?.spec?.volumeName;
    if (last !== undefined && last !== volumeName) return `had ${last}, and has ${volumeName}`;
    if (!isCompleted(is) || (was && isCompleted(was))) return undefined;
    const volume = this.#volume(volumeName);
    return volume && isFor(volume, is) ? undefined : `is bound to ${volumeName}, which is not its`;
  }

  #podChanged({ atMs, before, after }: Change): string | undefined {
    const [was, is]: (Pod | undefined)[] = [before, after];
    if (!is) this.#boundMs.delete(uidOf(was ?? {}));
    if (is && !was && is.metadata?.namespace === 'kube-system') return this.#emptied(is, atMs);
    if (!is?.spec?.nodeName || was?.spec?.nodeName) return undefined;
    this.#boundMs.set(uidOf(is), atMs);
    const node = this.#node(is.spec.nodeName);
    if (!node) return undefined;
    for (const name of claimNames(is)) {
      const goneMs = this.#goneMs.get(`/registry/${claims}/${is.metadata?.namespace}/${name}`);
      // Who bound it meant the one before.
      if (goneMs !== undefined && goneMs > atMs - this.#patienceMs) continue;
      const claim = claimNamed(this.#objects, is, name);
      const volume = this.#volume(claim?.spec?.volumeName);
      if (!claim || !volume) return `is bound, and claim ${name} has no volume`;
      if (!isFor(volume, claim)) return `is bound, and ${nameOf(volume)} is not claim ${name}'s`;
      if (!reaches(volume, node))
        return `is bound to ${nameOf(node)}, and its volume ${nameOf(volume)} is elsewhere`;
    }
    return undefined;
  }

  /** A pod that removes what a volume holds. */
  #emptied(pod: Pod, atMs: number): string | undefined {
    const name = /^delete-(.*)$/.exec(nameOf(pod))?.[1];
    const volume = this.#volume(name);
    if (!volume) return undefined;
    const claim = this.#objects
      .all<PersistentVolumeClaim>(claims)
      .find((one) => isFor(volume, one) && one.spec?.volumeName === name);
    if (claim) return `empties ${name}, which claim ${nameOf(claim)} has`;
    const isToGo = (this.#deletableMs.get(nameOf(volume)) ?? -Infinity) > atMs - this.#patienceMs;
    const { persistentVolumeReclaimPolicy: policy } = volume.spec ?? {};
    return policy === 'Delete' || isToGo ? undefined : `empties ${name}, which is to be kept`;
  }

  #node(name: string): Node | undefined {
    return this.#objects.all<Node>('nodes').find((each) => nameOf(each) === name);
  }

  #volume(name: string | undefined): PersistentVolume | undefined {
    return this.#objects.all<PersistentVolume>(volumes).find((each) => nameOf(each) === name);
  }
}
