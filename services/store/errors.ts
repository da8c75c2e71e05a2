import { QuorateError } from '#shared/base';

/** Errors of the store's host, with etcd's exact texts: clients match on them. */
export const storeErrors = {
  noLeader: () => new QuorateError('unavailable', 'etcdserver: no leader'),
  notLeader: () => new QuorateError('failed-precondition', 'etcdserver: not leader'),
  leaderChanged: () => new QuorateError('unavailable', 'etcdserver: leader changed'),
  /** Another change of the members is under way. */
  changePending: () =>
    new QuorateError('unavailable', 'etcdserver: another membership change is not applied yet'),
  stopped: () => new QuorateError('unavailable', 'etcdserver: server stopped'),
  timedOut: () => new QuorateError('unavailable', 'etcdserver: request timed out'),
  timedOutLeaderFailure: () =>
    new QuorateError(
      'unavailable',
      'etcdserver: request timed out, possibly due to previous leader failure',
    ),
  timedOutConnectionLost: () =>
    new QuorateError(
      'unavailable',
      'etcdserver: request timed out, possibly due to connection lost',
    ),
  tooManyRequests: () => new QuorateError('resource-exhausted', 'etcdserver: too many requests'),
  noSpace: () =>
    new QuorateError('resource-exhausted', 'etcdserver: mvcc: database space exceeded'),
  corrupt: () => new QuorateError('data-loss', 'etcdserver: corrupt cluster'),
  requestTooLarge: () => new QuorateError('too-large', 'etcdserver: request is too large'),
  leaseNotFound: () => new QuorateError('not-found', 'etcdserver: requested lease not found'),
  badTransferee: () => new QuorateError('failed-precondition', 'etcdserver: bad leader transferee'),
  unhealthyCluster: () => new QuorateError('unavailable', 'etcdserver: unhealthy cluster'),
} as const;
