import { isPodReady, isPodTerminal, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { ContainerStatus } from '#services/agent';
import { behaviourOf } from '../parts/containers.ts';
import type { Checker } from './checker.ts';
import { isGoing, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** What agents say of pods fits together, and what containers do. */
export class PodStatuses implements Checker {
  readonly name = 'statuses of pods';
  readonly #running = new Set<string>();
  readonly #forced = new Set<string>();
  readonly #isSteady: boolean;

  /** `isSteady`: machines have the time to answer probes. */
  constructor(isSteady: boolean) {
    this.#isSteady = isSteady;
  }

  started(_node: string, { id }: ContainerStatus): void {
    this.#running.add(id);
  }

  exited(_node: string, { id }: ContainerStatus): void {
    this.#running.delete(id);
  }

  forced(uid: string): void {
    this.#forced.add(uid);
  }

  changed({ resource, key, revision, before, after }: Change): void {
    if (resource !== 'pods' || !after || this.#forced.has(uidOf(after))) return;
    const broken = (what: string): never => {
      throw new BrokenPromise(`${key} ${what} at revision ${revision}`);
    };
    const pod: Pod = after;
    const { containerStatuses = [], phase, reason } = pod.status ?? {};
    const codes = containerStatuses.map(({ state }) => state?.terminated?.exitCode);
    if (phase === 'Succeeded' && codes.some((code) => code !== 0))
      broken(`has succeeded with ${codes.join()}`);
    const isWell = codes.length > 0 && codes.every((code) => code === 0);
    if (phase === 'Failed' && isWell && reason === undefined) broken('has failed with zeros alone');
    const unready = containerStatuses.find(({ ready }) => !ready);
    if (isPodReady(pod) && unready && !isPodTerminal(pod))
      broken(`is ready, and its ${unready.name} is not`);
    if (before && !isGoing(pod) && !isPodTerminal(pod)) this.#stays(before, pod, broken);
  }

  /** Who answers is ready for as long as it runs, whichever agent asks. */
  #stays(before: Pod, { spec, status }: Pod, broken: (what: string) => never): void {
    if (!this.#isSteady || spec?.restartPolicy !== 'Always') return;
    for (const { name, ready, containerID } of before.status?.containerStatuses ?? []) {
      const now = status?.containerStatuses?.find((each) => each.name === name);
      if (!ready || !now || now.ready || now.containerID !== containerID) continue;
      const container = spec.containers.find((each) => each.name === name);
      const { hangs } = behaviourOf(container?.command ?? []);
      const id = containerID?.replace(/^.*:\/\//, '') ?? '';
      if (!hangs && this.#running.has(id)) broken(`calls its ${name} unready, which answers`);
    }
  }
}
