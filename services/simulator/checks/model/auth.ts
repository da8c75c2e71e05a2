import { assertNever } from '#shared/base';
import { inRange } from '#shared/checks';
import type { AuthChange, Caller } from '#services/store';
import { describeAuth, type Granted } from './describe.ts';

export type Access = 'read' | 'write';

interface ModelUser {
  readonly password: string;
  readonly roles: ReadonlySet<string>;
}

interface Contents {
  readonly enabled: boolean;
  readonly revision: number;
  readonly users: ReadonlyMap<string, ModelUser>;
  readonly roles: ReadonlyMap<string, readonly Granted[]>;
}

const refused = (text: string): string => `etcdserver: ${text}`;
const denied = refused('permission denied');
const invalid = refused('invalid auth management');
const failed = refused('authentication failed, invalid user ID or password');

/** Users and roles, as etcd's documentation has them; each change makes a new one. */
export class AuthModel {
  readonly #contents: Contents;

  constructor(contents: Contents = nobody) {
    this.#contents = contents;
  }

  get enabled(): boolean {
    return this.#contents.enabled;
  }

  get revision(): number {
    return this.#contents.revision;
  }

  /** What it becomes, or why not. */
  changed(change: AuthChange): AuthModel | string {
    switch (change.action) {
      case 'enable':
        if (this.enabled) return this;
        if (!this.#contents.users.has('root')) return refused('root user does not exist');
        if (!this.isAdmin('root')) return refused('root user does not have root role');
        return new AuthModel({ ...this.#contents, enabled: true });
      case 'disable':
        return this.enabled ? this.#next({ enabled: false }) : this;
      case 'authenticate':
        if (!this.enabled) return refused('authentication is not enabled');
        return this.#contents.users.get(change.user)?.password ? this : failed;
      case 'user-add':
      case 'user-delete':
      case 'user-change-password':
      case 'user-grant-role':
      case 'user-revoke-role':
        return this.#user(change);
      case 'role-add':
      case 'role-delete':
      case 'role-grant-permission':
      case 'role-revoke-permission':
        return this.#role(change);
      default:
        return assertNever(change, 'change of users and roles');
    }
  }

  #user(change: Extract<AuthChange, { user: string }>): AuthModel | string {
    const { action, user: name } = change;
    if (action === 'user-add') {
      if (name === '') return refused('user name is empty');
      if (this.#contents.users.has(name)) return refused('user name already exists');
      return this.#withUser(name, { password: change.passwordHash, roles: new Set() });
    }
    if (action === 'user-delete' && this.enabled && name === 'root') return invalid;
    if (action === 'user-revoke-role' && this.enabled && name === 'root' && change.role === 'root')
      return invalid;
    const user = this.#contents.users.get(name);
    if (!user) return refused('user name not found');
    if (action === 'user-delete') return this.#withUser(name, undefined);
    if (action === 'user-change-password') {
      return this.#withUser(
        name,
        user.password ? { ...user, password: change.passwordHash } : user,
      );
    }
    const { role } = change as Extract<AuthChange, { role: string; user: string }>;
    const roles = new Set(user.roles);
    if (action === 'user-revoke-role') {
      if (!roles.delete(role)) return refused('role is not granted to the user');
      return this.#withUser(name, { ...user, roles });
    }
    if (role !== 'root' && !this.#contents.roles.has(role)) return refused('role name not found');
    if (roles.has(role)) return this;
    return this.#withUser(name, { ...user, roles: roles.add(role) });
  }

  #role(change: Extract<AuthChange, { action: `role-${string}` }>): AuthModel | string {
    const { action, role } = change;
    const granted = this.#contents.roles.get(role);
    if (action === 'role-add') {
      if (role === '') return refused('role name is empty');
      return granted ? refused('role name already exists') : this.#withRole(role, []);
    }
    if (action === 'role-delete') {
      if (this.enabled && role === 'root') return invalid;
      if (!granted) return refused('role name not found');
      const users = new Map(this.#contents.users);
      for (const [name, user] of users) {
        users.set(name, { ...user, roles: new Set([...user.roles].filter((r) => r !== role)) });
      }
      const roles = new Map(this.#contents.roles);
      roles.delete(role);
      return this.#next({ users, roles });
    }
    const { permission } = change as Extract<AuthChange, { permission: unknown }>;
    const { key, rangeEnd } = permission;
    const isRange = rangeEnd === '' || rangeEnd === '\0' || key < rangeEnd;
    if (action === 'role-grant-permission' && (key === '' || !isRange)) return invalid;
    if (!granted) return refused('role name not found');
    const others = granted.filter((each) => each.key !== key || each.rangeEnd !== rangeEnd);
    if (action === 'role-grant-permission') return this.#withRole(role, [...others, permission]);
    if (others.length === granted.length) return refused('permission is not granted to the role');
    return this.#withRole(role, others);
  }

  #withUser(name: string, user: ModelUser | undefined): AuthModel {
    const users = new Map(this.#contents.users);
    if (user) users.set(name, user);
    else users.delete(name);
    return this.#next({ users });
  }

  #withRole(name: string, granted: readonly Granted[]): AuthModel {
    return this.#next({ roles: new Map(this.#contents.roles).set(name, granted) });
  }

  #next(change: Partial<Contents>): AuthModel {
    return new AuthModel({ ...this.#contents, ...change, revision: this.revision + 1 });
  }

  isAdmin(name: string): boolean {
    return this.#contents.users.get(name)?.roles.has('root') === true;
  }

  /** Why not; empty: they may. */
  admin({ user, trusted }: Caller): string {
    if (!this.enabled || trusted) return '';
    if (user === '') return refused('user name is empty');
    return this.isAdmin(user) ? '' : denied;
  }

  known({ authRevision, trusted }: Caller): string {
    return this.enabled && !trusted && authRevision === 0 ? refused('user name is empty') : '';
  }

  keys(caller: Caller, access: Access, key: string, rangeEnd?: string): string {
    const { user, authRevision, trusted } = caller;
    if (!this.enabled || trusted) return '';
    if (authRevision === 0) return refused('user name is empty');
    if (authRevision < this.revision) return refused('revision of auth store is old');
    return this.isAdmin(user) || this.#mayTouch(user, access, key, rangeEnd) ? '' : denied;
  }

  /** Whether each key of the range is in some permission: looked at wherever that can change. */
  #mayTouch(name: string, access: Access, key: string, rangeEnd: string | undefined): boolean {
    const user = this.#contents.users.get(name);
    if (!user) return false;
    const granted = [...user.roles]
      .flatMap((role) => this.#contents.roles.get(role) ?? [])
      .filter(({ type }) => type === access || type === 'readwrite');
    const ends = granted.flatMap((each) => [each.key, each.rangeEnd || `${each.key}\0`]);
    const asked = [key, ...ends].filter((at) => at === key || inRange(at, key, rangeEnd));
    const isIn = (at: string): boolean =>
      granted.some((each) => inRange(at, each.key, each.rangeEnd || undefined));
    // Behind the last end there is something left of a range that has none.
    return asked.every(isIn) && (rangeEnd !== '\0' || isIn('\u00ff'.repeat(8)));
  }

  describe(): string {
    return describeAuth({
      ...this.#contents,
      users: [...this.#contents.users].map(([name, { password, roles }]) => ({
        name,
        passwordHash: password,
        roles: [...roles],
      })),
      roles: [...this.#contents.roles].map(([name, permissions]) => ({ name, permissions })),
    });
  }
}

const nobody: Contents = { enabled: false, revision: 1, users: new Map(), roles: new Map() };
