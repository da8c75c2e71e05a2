import { assertNever } from '#shared/base';
import type { MetaStore } from '../state/meta-store.ts';
import type { MemberChange } from '../wire/command.ts';
import type { Member } from './member.ts';
import { membershipErrors } from './membership-errors.ts';

const membersName = 'members';
const removedName = 'removed-members';

/**
 * The members, and the ids that were. It is replicated: what changes it is a committed command or
 * membership change. Raft knows who votes; names, addresses and what is shown of it are here.
 */
export class MemberTable {
  readonly #store: MetaStore;
  #members: ReadonlyMap<number, Member>;
  #removed: ReadonlySet<number>;

  constructor(store: MetaStore) {
    this.#store = store;
    this.#members = byId((store.getMeta(membersName) ?? []) as readonly Member[]);
    this.#removed = new Set((store.getMeta(removedName) ?? []) as readonly number[]);
  }

  /** By id, ascending. */
  get members(): ReadonlyMap<number, Member> {
    return this.#members;
  }

  get removed(): ReadonlySet<number> {
    return this.#removed;
  }

  /** What a founding or joining member begins with. */
  begin(members: readonly Member[], removed: readonly number[]): void {
    this.#removed = new Set(removed);
    this.#store.putMeta(removedName, removed);
    this.#write(members);
  }

  /** What a member says of itself; whether it votes is the configuration's matter. */
  publish(member: Member): void {
    const known = this.#known(member.id);
    this.#put({ ...member, learner: known.learner });
  }

  update(id: number, peerUrls: readonly string[]): void {
    const known = this.#known(id);
    this.refuseTakenUrls(peerUrls, id);
    this.#put({ ...known, peerUrls });
  }

  /** The leader has checked it, against the same table, before it proposed it. */
  change(change: MemberChange): void {
    switch (change.type) {
      case 'add-member':
        this.#put(change.member);
        return;
      case 'promote-member':
        this.#put({ ...this.#known(change.id), learner: false });
        return;
      case 'remove-member':
        this.#remove(change.id);
        return;
      default:
        assertNever(change, 'change');
    }
  }

  #remove(id: number): void {
    const rest = [...this.#members.values()].filter((member) => member.id !== id);
    this.#removed = new Set([...this.#removed, id]);
    this.#store.putMeta(removedName, [...this.#removed]);
    this.#write(rest);
  }

  refuseTakenUrls(peerUrls: readonly string[], except?: number): void {
    for (const member of this.#members.values()) {
      if (member.id !== except && member.peerUrls.some((url) => peerUrls.includes(url))) {
        throw membershipErrors.peerUrlExists();
      }
    }
  }

  #known(id: number): Member {
    const known = this.#members.get(id);
    if (!known) throw membershipErrors.notFound();
    return known;
  }

  #put(member: Member): void {
    this.#write([...this.#members.values()].filter(({ id }) => id !== member.id).concat(member));
  }

  #write(members: readonly Member[]): void {
    this.#members = byId(members);
    this.#store.putMeta(membersName, [...this.#members.values()]);
  }
}

function byId(members: readonly Member[]): ReadonlyMap<number, Member> {
  const sorted = [...members].sort((a, b) => a.id - b.id);
  // Tables written before members had incarnations.
  return new Map(
    sorted.map((member) => [member.id, { ...member, incarnation: member.incarnation ?? 0 }]),
  );
}
