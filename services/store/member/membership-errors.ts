import { QuorateError } from '#shared/base';

const precondition = (text: string): QuorateError =>
  new QuorateError('failed-precondition', `etcdserver: ${text}`);

/** With etcd's exact texts. */
export const membershipErrors = {
  idExists: () => precondition('member ID already exist'),
  peerUrlExists: () => precondition('Peer URLs already exists'),
  notEnoughStarted: () => precondition('re-configuration failed due to not enough started members'),
  notLearner: () => precondition('can only promote a learner member'),
  learnerNotReady: () =>
    precondition('can only promote a learner member which is in sync with leader'),
  tooManyLearners: () => precondition('too many learner members in cluster'),
  /** With the code that it has up to etcd 3.5: clients of these go to another member then. */
  notForLearners: () =>
    new QuorateError('unavailable', 'etcdserver: rpc not supported for learner'),
  badUrls: () => new QuorateError('bad-request', 'etcdserver: given member URLs are invalid'),
  notFound: () => new QuorateError('not-found', 'etcdserver: member not found'),
  unhealthy: () => new QuorateError('unavailable', 'etcdserver: unhealthy cluster'),
} as const;
