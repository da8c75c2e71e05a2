import { assertNever } from '#shared/base';
import type { AuthChange, Permission, PermissionType } from '../auth/auth-table.ts';
import { anonymous, type Caller } from '../auth/caller.ts';
import type { Reader, Writer } from './protobuf.ts';

const actions: readonly AuthChange['action'][] = [
  'enable',
  'disable',
  'authenticate',
  'user-add',
  'user-delete',
  'user-change-password',
  'user-grant-role',
  'user-revoke-role',
  'role-add',
  'role-delete',
  'role-grant-permission',
  'role-revoke-permission',
];
const permissionTypes: readonly PermissionType[] = ['read', 'write', 'readwrite'];

const fields = { user: 30, authRevision: 31, trusted: 32 } as const;

/** The `user`, `auth_revision` and `trusted` of a `Command`. */
export function writeCaller(writer: Writer, caller: Caller | undefined): void {
  if (!caller) return;
  if (caller.user !== '') writer.string(fields.user, caller.user);
  writer.integer(fields.authRevision, caller.authRevision);
  writer.boolean(fields.trusted, caller.trusted);
}

/** The caller with what `field` says of it, where it says something. */
export function readCaller(
  field: number,
  reader: Reader,
  caller: Caller | undefined,
): Caller | undefined {
  const known = caller ?? anonymous;
  if (field === fields.user) {
    const user = reader.string();
    return user === '' ? caller : { ...known, user };
  }
  if (field === fields.authRevision) {
    const authRevision = reader.integer();
    return authRevision === 0 ? caller : { ...known, authRevision };
  }
  if (field === fields.trusted)
    return reader.boolean() ? { ...known, trusted: true as const } : caller;
  reader.skip();
  return caller;
}

/** The fields of the message `Auth`. */
export function writeAuthChange(writer: Writer, change: AuthChange): void {
  writer.integer(1, actions.indexOf(change.action));
  if ('user' in change && change.user !== '') writer.string(2, change.user);
  if ('role' in change && change.role !== '') writer.string(3, change.role);
  if ('passwordHash' in change && change.passwordHash !== '') {
    writer.string(4, change.passwordHash);
  }
  if ('tokenPrefix' in change) writer.string(5, change.tokenPrefix);
  if ('permission' in change) {
    writer.message(6, () => {
      writer.integer(1, permissionTypes.indexOf(change.permission.type));
      writer.latin1(2, change.permission.key);
      writer.latin1(3, change.permission.rangeEnd);
    });
  }
}

/** Undefined: an action that this version does not know. */
export function readAuthChange(reader: Reader): AuthChange | undefined {
  let action: AuthChange['action'] | undefined = 'enable';
  let user = '';
  let role = '';
  let passwordHash = '';
  let tokenPrefix = '';
  let permission: Permission = { type: 'read', key: '', rangeEnd: '' };
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) action = actions[reader.integer()];
    else if (field === 2) user = reader.string();
    else if (field === 3) role = reader.string();
    else if (field === 4) passwordHash = reader.string();
    else if (field === 5) tokenPrefix = reader.string();
    else if (field === 6) permission = readPermission(reader.message());
    else reader.skip();
  }
  switch (action) {
    case undefined:
      return undefined;
    case 'enable':
    case 'disable':
      return { action };
    case 'authenticate':
      return { action, user, tokenPrefix };
    case 'user-add':
    case 'user-change-password':
      return { action, user, passwordHash };
    case 'user-delete':
      return { action, user };
    case 'user-grant-role':
    case 'user-revoke-role':
      return { action, user, role };
    case 'role-add':
    case 'role-delete':
      return { action, role };
    case 'role-grant-permission':
    case 'role-revoke-permission':
      return { action, role, permission };
    default:
      return assertNever(action, 'action');
  }
}

function readPermission(reader: Reader): Permission {
  let type: PermissionType = 'read';
  let key = '';
  let rangeEnd = '';
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) type = permissionTypes[reader.integer()] ?? type;
    else if (field === 2) key = reader.latin1();
    else if (field === 3) rangeEnd = reader.latin1();
    else reader.skip();
  }
  return { type, key, rangeEnd };
}
