import type { MetaStore } from './meta-store.ts';

export type AlarmType = 'nospace' | 'corrupt';

export interface Alarm {
  /** As clients know it: whoever raises one may name anybody. */
  readonly memberId: bigint;
  readonly alarm: AlarmType;
  /** Raised by the quota itself, which also clears it when there is space again. */
  readonly automatic: boolean;
}

const metaName = 'alarms';

/** What is kept is JSON. */
type KeptAlarm = Omit<Alarm, 'memberId'> & { readonly memberId: string };

/** The alarms that are raised. Replicated, so that all members refuse the same commands. */
export class AlarmTable {
  readonly #store: MetaStore;
  #alarms: readonly Alarm[];

  constructor(store: MetaStore) {
    this.#store = store;
    this.#alarms = ((store.getMeta(metaName) ?? []) as readonly KeptAlarm[]).map((alarm) => ({
      ...alarm,
      memberId: BigInt(alarm.memberId),
    }));
  }

  get all(): readonly Alarm[] {
    return this.#alarms;
  }

  has(alarm: AlarmType): boolean {
    return this.#alarms.some((raised) => raised.alarm === alarm);
  }

  /** Once for each member; one that a person raised stays theirs. */
  raise(alarm: Alarm): void {
    if (this.#alarms.some(sameAs(alarm))) return;
    this.#write([...this.#alarms, alarm]);
  }

  /** Those it was raised for. */
  clear(alarm: Omit<Alarm, 'automatic'>): readonly Alarm[] {
    const cleared = this.#alarms.filter(sameAs(alarm));
    if (cleared.length > 0) this.#write(this.#alarms.filter((raised) => !cleared.includes(raised)));
    return cleared;
  }

  #write(alarms: readonly Alarm[]): void {
    this.#alarms = alarms;
    const kept = alarms.map((alarm): KeptAlarm => ({ ...alarm, memberId: String(alarm.memberId) }));
    this.#store.putMeta(metaName, kept);
  }
}

function sameAs({ memberId, alarm }: Omit<Alarm, 'automatic'>): (other: Alarm) => boolean {
  return (other) => other.memberId === memberId && other.alarm === alarm;
}
