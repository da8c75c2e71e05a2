import type { ConfigMap } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { ObjectHistory } from './objects.ts';

/** Optimistic concurrency: whoever counted up from what they read has counted, and nobody twice. */
export class Counters implements Checker {
  readonly name = 'lost updates';
  readonly #objects: ObjectHistory;
  readonly #counted = new Map<string, { sure: number; perhaps: number }>();

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  counted(name: string, sure: boolean): void {
    const counts = this.#counted.get(name) ?? { sure: 0, perhaps: 0 };
    if (sure) counts.sure++;
    else counts.perhaps++;
    this.#counted.set(name, counts);
  }

  judge(): void {
    const maps = this.#objects.all<ConfigMap>('configmaps');
    for (const [name, { sure, perhaps }] of this.#counted) {
      const map = maps.find(({ metadata }) => metadata?.name === name);
      const n = Number(map?.data?.['n'] ?? 0);
      if (n >= sure && n <= sure + perhaps) continue;
      throw new BrokenPromise(
        `${name} is ${n}, but was counted up ${sure} times, and perhaps ${perhaps} times more`,
      );
    }
  }
}
