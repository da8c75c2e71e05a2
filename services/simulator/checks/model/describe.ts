import type { Member } from '#services/store';

export interface Granted {
  readonly type: string;
  readonly key: string;
  readonly rangeEnd: string;
}

/** What is replicated besides the keys, in plain values. */
export interface Rest {
  readonly leases: readonly {
    readonly id: bigint;
    readonly ttlSeconds: number;
    readonly remainingSeconds: number;
  }[];
  readonly alarms: readonly { readonly memberId: bigint; readonly alarm: string }[];
  /** See `describeAuth`. */
  readonly auth: string;
  readonly members: readonly Member[];
  readonly removed: readonly number[];
}

interface AuthContents {
  readonly enabled: boolean;
  readonly revision: number;
  readonly users: readonly {
    readonly name: string;
    readonly passwordHash: string;
    readonly roles: readonly string[];
  }[];
  readonly roles: readonly { readonly name: string; readonly permissions: readonly Granted[] }[];
}

/** Equal texts, equal contents. */
export function describe({ leases, alarms, auth, members, removed }: Rest): string {
  const times = leases.map(
    ({ id, ttlSeconds, remainingSeconds }) => `${id}:${ttlSeconds}:${remainingSeconds}`,
  );
  const raised = alarms.map(({ memberId, alarm }) => `${memberId}:${alarm}`);
  const known = members.map(
    ({ id, name, learner, peerUrls }) => `${id}:${name}:${learner}:${peerUrls.join('+')}`,
  );
  return `leases ${sorted(times)} alarms ${sorted(raised)} members ${sorted(known)} removed ${sorted(removed.map(String))}${auth}`;
}

export function describeAuth({ enabled, revision, users, roles }: AuthContents): string {
  if (revision === 1) return '';
  const people = users.map(
    (user) => `${user.name}:${user.passwordHash}:${[...user.roles].sort().join('+')}`,
  );
  const granted = roles.map(
    ({ name, permissions }) =>
      `${name}:${sorted(permissions.map(({ type, key, rangeEnd }) => `${type} ${key}-${rangeEnd}`))}`,
  );
  return ` auth ${enabled} ${revision} users ${sorted(people)} roles ${sorted(granted)}`;
}

const sorted = (texts: readonly string[]): string => `[${[...texts].sort().join()}]`;
