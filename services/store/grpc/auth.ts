import { handleUnary, headerToWire, keyFromWire, keyToWire } from '#shared/rpc';
import type { Permission as PbPermission } from '../../../shared/rpc/gen/authpb/Permission.ts';
import type { Permission__Output } from '../../../shared/rpc/gen/authpb/Permission.ts';
import type { AuthHandlers } from '../../../shared/rpc/gen/etcdserverpb/Auth.ts';
import type { AuthChange, Permission } from '../auth/auth-table.ts';
import { authErrors } from '../auth/errors.ts';
import type { Auth } from '../serve/auth.ts';
import { type Gate, gated } from './gate.ts';

export function authHandlers(auth: Auth, gate: Gate): AuthHandlers {
  const header = () => headerToWire(auth.header());
  const asAdmin = { needs: 'admin' } as const;
  /** For methods that change the table and answer with nothing but a header. */
  const changing = <Req>(changeOf: (request: Req) => AuthChange) =>
    handleUnary(
      gated(
        gate,
        async (request: Req, caller) => {
          await auth.change(changeOf(request), caller);
          return { header: header() };
        },
        asAdmin,
      ),
    );
  return {
    AuthEnable: changing(() => ({ action: 'enable' })),
    AuthDisable: changing(() => ({ action: 'disable' })),
    AuthStatus: handleUnary(
      gated(
        gate,
        async () => {
          const { enabled, revision } = await auth.status();
          return { header: header(), enabled, authRevision: revision };
        },
        asAdmin,
      ),
    ),
    Authenticate: handleUnary(
      gated(
        gate,
        async ({ name, password }) => {
          const token = await auth.authenticate(name, password);
          return { header: header(), token };
        },
        { needs: 'nobody' },
      ),
    ),
    UserAdd: handleUnary(
      gated(
        gate,
        async ({ name, password, hashedPassword, options }, caller) => {
          const given = options?.no_password ? undefined : { password, hashedPassword };
          await auth.addUser(name, given, caller);
          return { header: header() };
        },
        asAdmin,
      ),
    ),
    UserChangePassword: handleUnary(
      gated(
        gate,
        async ({ name, password, hashedPassword }, caller) => {
          await auth.changePassword(name, { password, hashedPassword }, caller);
          return { header: header() };
        },
        asAdmin,
      ),
    ),
    UserGet: handleUnary(
      gated(gate, async ({ name }, caller) => {
        const roles = await auth.rolesOf(name, caller);
        return { header: header(), roles: [...roles] };
      }),
    ),
    UserList: handleUnary(
      gated(
        gate,
        async () => {
          const users = await auth.users();
          return { header: header(), users: [...users] };
        },
        asAdmin,
      ),
    ),
    UserDelete: changing(({ name }) => ({ action: 'user-delete', user: name })),
    UserGrantRole: changing(({ user, role }) => ({ action: 'user-grant-role', user, role })),
    UserRevokeRole: changing(({ name, role }) => ({
      action: 'user-revoke-role',
      user: name,
      role,
    })),
    RoleAdd: changing(({ name }) => ({ action: 'role-add', role: name })),
    RoleGet: handleUnary(
      gated(gate, async ({ role }, caller) => {
        const { permissions } = await auth.role(role, caller);
        return { header: header(), perm: permissions.map(permissionToWire) };
      }),
    ),
    RoleList: handleUnary(
      gated(
        gate,
        async () => {
          const roles = await auth.roles();
          return { header: header(), roles: [...roles] };
        },
        asAdmin,
      ),
    ),
    RoleDelete: changing(({ role }) => ({ action: 'role-delete', role })),
    RoleGrantPermission: changing(({ name, perm }) => ({
      action: 'role-grant-permission',
      role: name,
      permission: permissionFromWire(perm),
    })),
    RoleRevokePermission: changing(({ role, key, range_end }) => ({
      action: 'role-revoke-permission',
      role,
      permission: { type: 'read', key: keyFromWire(key), rangeEnd: keyFromWire(range_end) },
    })),
  };
}

const typesToWire = { read: 'READ', write: 'WRITE', readwrite: 'READWRITE' } as const;
const typesFromWire = { READ: 'read', WRITE: 'write', READWRITE: 'readwrite' } as const;

function permissionToWire({ type, key, rangeEnd }: Permission): PbPermission {
  return { permType: typesToWire[type], key: keyToWire(key), range_end: keyToWire(rangeEnd) };
}

function permissionFromWire(permission: Permission__Output | null): Permission {
  const type = permission && typesFromWire[permission.permType];
  if (!type) throw authErrors.permissionNotGiven();
  return { type, key: keyFromWire(permission.key), rangeEnd: keyFromWire(permission.range_end) };
}
