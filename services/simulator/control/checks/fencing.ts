import type { Lease } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Fence } from '#shared/client';
import type { Event } from '#shared/mvcc';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

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

interface Lead {
  /** A revision. */
  readonly from: number;
  readonly identity: string;
  /** 0: nobody leads. */
  readonly token: number;
  /** For as long it lasts after a renewal. */
  readonly leaseMs: number;
}

/** Two clocks go at their own pace. */
const roundedMs = 200;

/** Whoever leads no more writes nothing more; whoever does leads on until the lease is over, or given back. */
export class Fencing implements Checker {
  readonly name = 'fencing';
  /** By election: who leads from which revision on. */
  readonly #leaders = new Map<string, Lead[]>();
  /** By election and token: when the last renewal was sent that was granted. */
  readonly #renewedMs = new Map<string, number>();
  /** Who has given it back, or tried to. */
  readonly #resigned = new Set<string>();

  renewed({ election, token }: Fence, sentMs: number): void {
    this.#renewedMs.set(`${election} ${token}`, sentMs);
  }

  resigns({ election, token }: Fence): void {
    this.#resigned.add(`${election} ${token}`);
  }

  /** Of the store, at this revision. */
  elections(events: readonly Event[], revision: number, atMs: number): void {
    for (const { type, kv } of events) {
      if (!kv.key.startsWith(prefix)) continue;
      const election = kv.key.slice(prefix.length);
      const leaders = this.#leaders.get(election) ?? [];
      const held = leaders.at(-1)?.token ?? 0;
      if (type === 'delete' && held > 0) this.#ends(election, held, revision, atMs);
      if (type === 'put' && held > 0 && held !== kv.createRevision) {
        throw new BrokenPromise(
          `${election} is seized at revision ${revision} while ${held} leads`,
        );
      }
      if (type === 'put' && held > 0 && kv.modRevision !== kv.createRevision) {
        throw new BrokenPromise(`${election} is seized at revision ${revision} from ${held}`);
      }
      const token = type === 'put' ? kv.createRevision : 0;
      const { leaseSeconds = 0, identity = '' } = type === 'put' ? heldIn(kv.value) : {};
      leaders.push({ from: revision, token, identity, leaseMs: 1000 * leaseSeconds });
      this.#leaders.set(election, leaders);
    }
  }

  #ends(election: string, token: number, revision: number, atMs: number): void {
    const name = `${election} ${token}`;
    const { leaseMs = 0 } = this.#leaders.get(election)?.at(-1) ?? {};
    const leastMs = (this.#renewedMs.get(name) ?? -Infinity) + leaseMs - roundedMs;
    if (this.#resigned.has(name) || atMs >= leastMs) return;
    throw new BrokenPromise(
      `${election} is taken from ${token} at revision ${revision}, ${Math.round(leastMs - atMs)} ms before its lease is over`,
    );
  }

  /** What people are shown of an election: nobody is taken out of it who leads on. */
  changed({ resource, revision, before, after }: Change): void {
    if (resource !== 'coordination.k8s.io/leases' || !before || !after) return;
    const [was, is]: [Lease, Lease] = [before, after];
    const election = is.metadata?.name ?? '';
    const leads = this.#leaders.get(election) ?? [];
    const { token = 0, identity } = leads.at(-1) ?? {};
    if (is.metadata?.namespace !== 'kube-system' || is.spec?.holderIdentity) return;
    if (token === 0 || was.spec?.holderIdentity !== identity) return;
    if (this.#resigned.has(`${election} ${token}`)) return;
    // Who is elected again may still be taken out for having resigned before.
    if (leads.some((each) => each.identity === identity && each.token !== token)) return;
    throw new BrokenPromise(
      `the Lease of ${election} has no holder at revision ${revision}, while ${identity} leads`,
    );
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

const heldIn = (value: Uint8Array) =>
  JSON.parse(Buffer.from(value).toString()) as {
    readonly leaseSeconds?: number;
    readonly identity?: string;
  };
