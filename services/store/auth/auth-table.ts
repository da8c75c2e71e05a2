import { assertNever } from '#shared/base';
import { type Key, zeroKey } from '#shared/mvcc';
import type { MetaStore } from '../state/meta-store.ts';
import { authErrors } from './errors.ts';

/** In etcd's order: the number of each is its place. */
export const permissionTypes = ['read', 'write', 'readwrite'] as const;
export type PermissionType = (typeof permissionTypes)[number];

export interface Permission {
  readonly type: PermissionType;
  readonly key: Key;
  /** Empty: the one key. */
  readonly rangeEnd: Key;
}

export interface User {
  readonly name: string;
  /** bcrypt. Empty: there is no password that would do. */
  readonly passwordHash: string;
  /** Ascending. */
  readonly roles: readonly string[];
}

export interface Role {
  readonly name: string;
  /** By key, ascending. */
  readonly permissions: readonly Permission[];
}

/** All there is in a table. */
export interface AuthContents {
  readonly enabled: boolean;
  readonly revision: number;
  readonly users: readonly User[];
  readonly roles: readonly Role[];
}

/** A replicated change of the table. */
export type AuthChange =
  | { readonly action: 'enable' | 'disable' }
  | { readonly action: 'authenticate'; readonly user: string; readonly tokenPrefix: string }
  | {
      readonly action: 'user-add' | 'user-change-password';
      readonly user: string;
      readonly passwordHash: string;
    }
  | { readonly action: 'user-delete'; readonly user: string }
  | {
      readonly action: 'user-grant-role' | 'user-revoke-role';
      readonly user: string;
      readonly role: string;
    }
  | { readonly action: 'role-add' | 'role-delete'; readonly role: string }
  | {
      readonly action: 'role-grant-permission' | 'role-revoke-permission';
      readonly role: string;
      readonly permission: Permission;
    };

const metaName = 'auth';
const usersName = 'auth-users';
const rolesName = 'auth-roles';

/** Every change writes the whole list: these keep that small. */
const maxUsers = 10_000;
const maxRoles = 10_000;
const maxPermissions = 1000;

/** This user, and whoever has this role, may do everything. */
export const root = 'root';

/**
 * Users, roles, and whether they count: etcd's auth store. It is replicated; every change of it that
 * may change what somebody may do bumps its revision, so that what was asked before is asked again.
 */
export class AuthTable {
  readonly #store: MetaStore;
  readonly #users: Map<string, User>;
  readonly #roles: Map<string, Role>;
  #enabled: boolean;
  #revision: number;

  constructor(store: MetaStore) {
    this.#store = store;
    const { enabled, revision, users, roles } = AuthTable.contentsOf(store);
    this.#enabled = enabled;
    this.#revision = revision;
    this.#users = byName(users);
    this.#roles = byName(roles);
  }

  /** What a store holds. */
  static contentsOf(store: Pick<MetaStore, 'getMeta'>): AuthContents {
    const none = { enabled: false, revision: 1 };
    const meta = (store.getMeta(metaName) ?? none) as Pick<AuthContents, 'enabled' | 'revision'>;
    return {
      ...meta,
      users: (store.getMeta(usersName) ?? []) as readonly User[],
      roles: (store.getMeta(rolesName) ?? []) as readonly Role[],
    };
  }

  /** Makes a store begin with what another one had. */
  static begin(store: MetaStore, { enabled, revision, users, roles }: AuthContents): void {
    store.putMeta(metaName, { enabled, revision });
    store.putMeta(usersName, users);
    store.putMeta(rolesName, roles);
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  get revision(): number {
    return this.#revision;
  }

  /** In byte order, as etcd lists them. */
  get users(): readonly string[] {
    return [...this.#users.keys()].sort(byBytes);
  }

  get roles(): readonly string[] {
    return [...this.#roles.keys()].sort(byBytes);
  }

  user(name: string): User | undefined {
    return this.#users.get(name);
  }

  role(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  isAdmin(name: string): boolean {
    return this.#users.get(name)?.roles.includes(root) === true;
  }

  /** Throws, having changed nothing, where the change is refused. */
  apply(change: AuthChange): void {
    switch (change.action) {
      case 'enable':
        this.#enable();
        return;
      case 'disable':
        this.#disable();
        return;
      case 'authenticate':
        this.#checkAuthenticate(change.user);
        return;
      case 'user-add':
        this.#addUser(change.user, change.passwordHash);
        return;
      case 'user-delete':
        this.#deleteUser(change.user);
        return;
      case 'user-change-password':
        this.#changePassword(change.user, change.passwordHash);
        return;
      case 'user-grant-role':
        this.#grantRole(change.user, change.role);
        return;
      case 'user-revoke-role':
        this.#revokeRole(change.user, change.role);
        return;
      case 'role-add':
        this.#addRole(change.role);
        return;
      case 'role-delete':
        this.#deleteRole(change.role);
        return;
      case 'role-grant-permission':
        this.#grantPermission(change.role, change.permission);
        return;
      case 'role-revoke-permission':
        this.#revokePermission(change.role, change.permission);
        return;
      default:
        assertNever(change, 'change of the auth table');
    }
  }

  #enable(): void {
    if (this.#enabled) return;
    if (!this.#users.has(root)) throw authErrors.rootUserNotExist();
    if (!this.isAdmin(root)) throw authErrors.rootRoleNotExist();
    this.#enabled = true;
    this.#writeMeta();
  }

  #disable(): void {
    if (!this.#enabled) return;
    this.#enabled = false;
    this.#changed();
  }

  #checkAuthenticate(name: string): void {
    if (!this.#enabled) throw authErrors.notEnabled();
    const user = this.#users.get(name);
    if (!user || user.passwordHash === '') throw authErrors.failed();
  }

  #addUser(name: string, passwordHash: string): void {
    if (name === '') throw authErrors.userEmpty();
    if (this.#users.has(name)) throw authErrors.userExists();
    if (this.#users.size >= maxUsers) throw authErrors.tooMany('users', maxUsers);
    this.#putUser({ name, passwordHash, roles: [] });
  }

  #deleteUser(name: string): void {
    if (this.#enabled && name === root) throw authErrors.invalidManagement();
    this.#knownUser(name);
    this.#users.delete(name);
    this.#writeUsers();
  }

  /** Who has no password gets none. */
  #changePassword(name: string, passwordHash: string): void {
    const user = this.#knownUser(name);
    this.#putUser(user.passwordHash === '' ? user : { ...user, passwordHash });
  }

  #grantRole(name: string, role: string): void {
    const user = this.#knownUser(name);
    if (role !== root) this.#knownRole(role);
    if (user.roles.includes(role)) return;
    this.#putUser({ ...user, roles: [...user.roles, role].sort(byBytes) });
  }

  #revokeRole(name: string, role: string): void {
    if (this.#enabled && name === root && role === root) throw authErrors.invalidManagement();
    const user = this.#knownUser(name);
    if (!user.roles.includes(role)) throw authErrors.roleNotGranted();
    this.#putUser({ ...user, roles: user.roles.filter((granted) => granted !== role) });
  }

  #addRole(name: string): void {
    if (name === '') throw authErrors.roleEmpty();
    if (this.#roles.has(name)) throw authErrors.roleExists();
    if (this.#roles.size >= maxRoles) throw authErrors.tooMany('roles', maxRoles);
    this.#putRole({ name, permissions: [] });
  }

  #deleteRole(name: string): void {
    if (this.#enabled && name === root) throw authErrors.invalidManagement();
    this.#knownRole(name);
    this.#roles.delete(name);
    for (const user of this.#users.values()) {
      if (!user.roles.includes(name)) continue;
      const roles = user.roles.filter((granted) => granted !== name);
      this.#users.set(user.name, { ...user, roles });
    }
    this.#store.putMeta(usersName, [...this.#users.values()]);
    this.#writeRoles();
  }

  #grantPermission(name: string, permission: Permission): void {
    if (!isValid(permission)) throw authErrors.invalidManagement();
    const role = this.#knownRole(name);
    const permissions = role.permissions.filter((granted) => !sameRange(granted, permission));
    if (permissions.length >= maxPermissions) {
      throw authErrors.tooMany('permissions of one role', maxPermissions);
    }
    permissions.push(permission);
    permissions.sort((a, b) => byBytes(a.key, b.key) || byBytes(a.rangeEnd, b.rangeEnd));
    this.#putRole({ name, permissions });
  }

  #revokePermission(name: string, permission: Permission): void {
    const role = this.#knownRole(name);
    const permissions = role.permissions.filter((granted) => !sameRange(granted, permission));
    if (permissions.length === role.permissions.length) throw authErrors.permissionNotGranted();
    this.#putRole({ name, permissions });
  }

  #knownUser(name: string): User {
    const user = this.#users.get(name);
    if (!user) throw authErrors.userNotFound();
    return user;
  }

  #knownRole(name: string): Role {
    const role = this.#roles.get(name);
    if (!role) throw authErrors.roleNotFound();
    return role;
  }

  #putUser(user: User): void {
    this.#users.set(user.name, user);
    this.#writeUsers();
  }

  #putRole(role: Role): void {
    this.#roles.set(role.name, role);
    this.#writeRoles();
  }

  #writeUsers(): void {
    this.#store.putMeta(usersName, [...this.#users.values()]);
    this.#changed();
  }

  #writeRoles(): void {
    this.#store.putMeta(rolesName, [...this.#roles.values()]);
    this.#changed();
  }

  #changed(): void {
    this.#revision++;
    this.#writeMeta();
  }

  #writeMeta(): void {
    this.#store.putMeta(metaName, { enabled: this.#enabled, revision: this.#revision });
  }
}

function isValid({ key, rangeEnd }: Permission): boolean {
  return key !== '' && (rangeEnd === '' || rangeEnd === zeroKey || key < rangeEnd);
}

function sameRange(a: Permission, b: Permission): boolean {
  return a.key === b.key && a.rangeEnd === b.rangeEnd;
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function byName<T extends { readonly name: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}
