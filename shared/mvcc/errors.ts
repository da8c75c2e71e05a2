import { QuorateError } from '#shared/base';

/** Errors with etcd's exact texts: clients match on them. */
export const mvccErrors = {
  emptyKey: () => new QuorateError('bad-request', 'etcdserver: key is not provided'),
  keyNotFound: () => new QuorateError('bad-request', 'etcdserver: key not found'),
  valueProvided: () => new QuorateError('bad-request', 'etcdserver: value is provided'),
  leaseProvided: () => new QuorateError('bad-request', 'etcdserver: lease is provided'),
  tooManyOps: () =>
    new QuorateError('bad-request', 'etcdserver: too many operations in txn request'),
  duplicateKey: () =>
    new QuorateError('bad-request', 'etcdserver: duplicate key given in txn request'),
  compacted: () =>
    new QuorateError('expired', 'etcdserver: mvcc: required revision has been compacted'),
  futureRevision: () =>
    new QuorateError('out-of-range', 'etcdserver: mvcc: required revision is a future revision'),
  leaseNotFound: () => new QuorateError('not-found', 'etcdserver: requested lease not found'),
  leaseExists: () => new QuorateError('failed-precondition', 'etcdserver: lease already exists'),
  leaseTtlTooLarge: () => new QuorateError('out-of-range', 'etcdserver: too large lease TTL'),
} as const;
