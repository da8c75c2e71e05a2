import { QuorateError } from '#shared/base';

export type DowngradeAction = 'VALIDATE' | 'ENABLE' | 'CANCEL';

/**
 * What etcd 3.5 answers to a downgrade, with its texts. Validation is whole. No job is ever under way,
 * because no older release keeps its data as this one does: so none can be enabled, and none cancelled.
 *
 * @param clusterVersion as `major.minor.patch`
 * @returns the cluster's version, where the target is the release before it
 * @throws QuorateError in etcd's words where it is not
 */
export function downgrade(action: DowngradeAction, target: string, clusterVersion: string): string {
  if (action === 'CANCEL') {
    throw new QuorateError('failed-precondition', 'etcdserver: no inflight downgrade job');
  }
  const wanted = minorVersion(target);
  const [major, minor] = minorVersion(clusterVersion);
  if (wanted[0] !== major || wanted[1] !== minor - 1) {
    throw new QuorateError('bad-request', 'etcdserver: invalid downgrade target version');
  }
  if (action === 'ENABLE') {
    throw new QuorateError(
      'failed-precondition',
      `etcdserver: cannot downgrade to ${target}: no older release reads this store's data. Take a snapshot, or copy the keys with etcdctl make-mirror`,
    );
  }
  return clusterVersion;
}

/** `3.4` and `3.4.x` alike: a cluster's version has no patch. */
function minorVersion(text: string): readonly [number, number] {
  const match = /^(\d{1,9})\.(\d{1,9})(\.\d+)?$/.exec(text);
  if (!match) {
    throw new QuorateError('bad-request', 'etcdserver: wrong downgrade target version format');
  }
  return [Number(match[1]), Number(match[2])];
}
