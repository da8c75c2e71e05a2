import { BrokenPromise } from '#shared/checks';
import type { Fence } from '#shared/client';
import type { Event } from '#shared/mvcc';
import type { Checker } from './checker.ts';

const prefix = '/registry/elections/';

/** A write of somebody who is elected. */
export interface FencedWrite {
  readonly who: string;
  /** Absent: it went out without. */
  readonly fence: Fence | undefined;
  readonly what: string;
  /** The revision that the write made. */
  readonly revision: number;
}

/** Whoever leads no more writes nothing more. */
export class Fencing implements Checker {
  readonly name = 'fencing';
  /** By election: who leads from which revision on; token 0: nobody. */
  readonly #leaders = new Map<string, { readonly from: number; readonly token: number }[]>();

  /** Of the store, at this revision. */
  elections(events: readonly Event[], revision: number): void {
    for (const { type, kv } of events) {
      if (!kv.key.startsWith(prefix)) continue;
      const election = kv.key.slice(prefix.length);
      const leaders = this.#leaders.get(election) ?? [];
      const held = leaders.at(-1)?.token ?? 0;
      if (type === 'put' && held > 0 && held !== kv.createRevision) {
        throw new BrokenPromise(
          `${election} is seized at revision ${revision} while ${held} leads`,
        );
      }
      if (type === 'put' && held > 0 && kv.modRevision !== kv.createRevision) {
        throw new BrokenPromise(`${election} is seized at revision ${revision} from ${held}`);
      }
      leaders.push({ from: revision, token: type === 'put' ? kv.createRevision : 0 });
      this.#leaders.set(election, leaders);
    }
  }

  wrote({ who, fence, what, revision }: FencedWrite): void {
    if (!fence) throw new BrokenPromise(`${who}: ${what} went out without a fence`);
    const { election, token } = fence;
    const leader = this.#leaders.get(election)?.findLast(({ from }) => from <= revision);
    if (leader?.token === token) return;
    throw new BrokenPromise(
      `${who}: ${what} took effect at revision ${revision} under token ${token}, when ${leader?.token ?? 0} led ${election}`,
    );
  }
}
