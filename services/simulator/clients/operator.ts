import { createRng, type Rng } from '#shared/base';
import { type AuthChange, changeAlarm, defragment } from '#services/store';
import { pick } from '../plan/pickers.ts';
import type { Reached, Session } from './session.ts';
import type { ClientWorld } from './world.ts';

export const userNames = ['root', 'ann', 'ben'] as const;
const roles = ['r0', 'r1', 'root'];
const spans: readonly (readonly [string, string])[] = [
  ['a', 'c'],
  ['b', ''],
  ['c', 'f'],
  ['c', '\0'],
  ['a', 'z'],
  ['e', ''],
  ['f', 'b'],
];
const nothing = (): void => undefined;

/** Whoever looks after a cluster: users and their permissions, alarms, addresses of members. */
export class Operator {
  readonly #world: ClientWorld;
  readonly #session: Session;

  constructor(world: ClientWorld, session: Session) {
    this.#world = world;
    this.#session = session;
  }

  /** Step by step, whether or not it is there already. */
  async foundUsers(): Promise<void> {
    for (const user of userNames) await this.#addUser(user);
    const grant = (
      role: string,
      type: 'read' | 'write' | 'readwrite',
      key: string,
      rangeEnd: string,
    ) =>
      ({
        action: 'role-grant-permission',
        role,
        permission: { type, key, rangeEnd },
      }) as const;
    const changes: AuthChange[] = [
      { action: 'user-grant-role', user: 'root', role: 'root' },
      { action: 'role-add', role: 'r0' },
      { action: 'role-add', role: 'r1' },
      grant('r0', 'readwrite', 'a', 'd'),
      grant('r0', 'readwrite', 'd', 'z'),
      grant('r1', 'read', 'c', '\0'),
      // Who may change these may not see what was there.
      grant('r1', 'write', 'a', 'c'),
      { action: 'user-grant-role', user: 'ann', role: 'r0' },
      { action: 'user-grant-role', user: 'ben', role: 'r1' },
      { action: 'enable' },
    ];
    for (const change of changes) await this.#change(change);
  }

  async changeUsers(number: number): Promise<void> {
    const rng = createRng(number);
    const user = pick(rng, userNames);
    switch (rng.int(8)) {
      case 0:
        return this.#addUser(user);
      case 1:
        return this.#changePassword(user, number);
      case 2:
        return rng.int(2) === 0 ? this.#change({ action: 'disable' }) : this.foundUsers();
      default:
        return this.#change(changeOf(rng, user));
    }
  }

  async #change(change: AuthChange): Promise<void> {
    await this.#reach(({ life, caller }) => life.auth.change(change, caller));
  }

  async #addUser(user: string): Promise<void> {
    const { passwords } = this.#world;
    const password = passwords.get(user) ?? `of ${user}`;
    passwords.set(user, password);
    await this.#reach(({ life, caller }) =>
      life.auth.addUser(user, { password, hashedPassword: '' }, caller),
    );
  }

  /** The old one is good until the new one is known to be. */
  async #changePassword(user: string, number: number): Promise<void> {
    const password = `of ${user}, ${number}`;
    await this.#session.reach(
      ({ life, caller }) =>
        life.auth.changePassword(user, { password, hashedPassword: '' }, caller),
      () => this.#world.passwords.set(user, password),
      nothing,
    );
  }

  async raiseAlarm(): Promise<void> {
    await this.#reach(({ life: { host } }) => {
      const memberId = BigInt(host.serving.memberId);
      return changeAlarm(host.serving, true, { memberId, alarm: 'nospace', automatic: false });
    });
  }

  /** Those that nobody else takes back: people's, and of members that are down. */
  async disarm(): Promise<void> {
    const running = new Set(
      this.#world.members().map(({ life }) => life?.host.serving.shown.memberId),
    );
    await this.#reach(async ({ life: { host } }) => {
      for (const alarm of host.state.alarms.all) {
        const isOwn = alarm.automatic && running.has(alarm.memberId);
        if (!isOwn) await changeAlarm(host.serving, false, alarm);
      }
    });
  }

  /** To where it is already; or where another one is as well, which is refused unless that one has just gone. */
  async updateMember(number: number): Promise<void> {
    await this.#reach(async ({ life: { host } }) => {
      const members = [...host.state.members.values()];
      const member = members[number % members.length];
      const other = members[Math.floor(number / 7) % members.length];
      const taken = number % 3 === 0 && other !== member ? other?.peerUrls : undefined;
      const urls = [...(member?.peerUrls ?? []), ...(taken ?? [])];
      await host.membership.update(member?.id ?? 0, urls);
    });
  }

  async defragment(): Promise<void> {
    await this.#reach(({ life: { host } }) => defragment(host.serving));
  }

  #reach(ask: (reached: Reached) => Promise<unknown>): Promise<void> {
    return this.#session.reach(ask, nothing, nothing);
  }
}

function changeOf(rng: Rng, user: string): AuthChange {
  const role = pick(rng, roles);
  const [key, rangeEnd] = pick(rng, spans);
  const type = pick(rng, ['read', 'write', 'readwrite'] as const);
  const permission = { type, key, rangeEnd };
  return pick<AuthChange>(rng, [
    { action: 'role-grant-permission', role, permission },
    { action: 'role-grant-permission', role, permission },
    { action: 'role-revoke-permission', role, permission },
    { action: 'user-grant-role', user, role },
    { action: 'user-grant-role', user, role },
    { action: 'user-revoke-role', user, role },
    { action: 'role-add', role },
    { action: 'role-delete', role },
    { action: 'user-delete', user },
    { action: 'enable' },
  ]);
}
