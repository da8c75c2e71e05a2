import { QuorateError } from '#shared/base';

/** Errors with etcd's exact codes and texts: clients match on them. */
export const authErrors = {
  rootUserNotExist: () =>
    new QuorateError('failed-precondition', 'etcdserver: root user does not exist'),
  rootRoleNotExist: () =>
    new QuorateError('failed-precondition', 'etcdserver: root user does not have root role'),
  userExists: () => new QuorateError('failed-precondition', 'etcdserver: user name already exists'),
  userEmpty: () => new QuorateError('bad-request', 'etcdserver: user name is empty'),
  userNotFound: () => new QuorateError('failed-precondition', 'etcdserver: user name not found'),
  roleExists: () => new QuorateError('failed-precondition', 'etcdserver: role name already exists'),
  roleNotFound: () => new QuorateError('failed-precondition', 'etcdserver: role name not found'),
  roleEmpty: () => new QuorateError('bad-request', 'etcdserver: role name is empty'),
  permissionNotGiven: () => new QuorateError('bad-request', 'etcdserver: permission not given'),
  failed: () =>
    new QuorateError(
      'bad-request',
      'etcdserver: authentication failed, invalid user ID or password',
    ),
  /** etcd has no gRPC error for it. */
  noPasswordUser: () =>
    new QuorateError(
      'unknown',
      'auth: authentication failed, password was given for no password user',
    ),
  permissionDenied: () => new QuorateError('forbidden', 'etcdserver: permission denied'),
  roleNotGranted: () =>
    new QuorateError('failed-precondition', 'etcdserver: role is not granted to the user'),
  permissionNotGranted: () =>
    new QuorateError('failed-precondition', 'etcdserver: permission is not granted to the role'),
  notEnabled: () =>
    new QuorateError('failed-precondition', 'etcdserver: authentication is not enabled'),
  oldRevision: () => new QuorateError('bad-request', 'etcdserver: revision of auth store is old'),
  invalidToken: () => new QuorateError('unauthenticated', 'etcdserver: invalid auth token'),
  invalidManagement: () => new QuorateError('bad-request', 'etcdserver: invalid auth management'),
  passwordTooLong: () =>
    new QuorateError('bad-request', 'bcrypt: password length exceeds 72 bytes'),
  badHash: () =>
    new QuorateError('bad-request', 'hashedPassword: must be a bcrypt hash, in base64'),
  verifyOnly: () =>
    new QuorateError('unknown', 'auth: token signing attempted with verify-only key'),
  tooMany: (what: string, max: number) =>
    new QuorateError('resource-exhausted', `etcdserver: too many ${what}: there may be ${max}`),
} as const;

/** Who called was recognized by a table that is no longer in force. */
export const isOldRevision = (thrown: unknown): boolean =>
  QuorateError.is(thrown, 'bad-request') && thrown.message === authErrors.oldRevision().message;
