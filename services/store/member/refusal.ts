import { QuorateError } from '#shared/base';
import { hexId } from './shown-id.ts';

const kind = 'MemberRefused';

/**
 * The other members will never listen to this one again. Both texts begin with etcd's, and say what
 * to do.
 */
export const refusals = {
  bootstrapped: (id: number, name: string, peerUrl: string) =>
    refusal(
      `member ${hexId(id)} has already been bootstrapped: "${name}" was started before, and what it ` +
        'had promised the others is not in this data directory. Put its own directory back, or replace ' +
        `the member: \`etcdctl member remove ${hexId(id)}\`, then ` +
        `\`etcdctl member add ${name} --peer-urls=${peerUrl}\`, then start it with an empty directory ` +
        `(in a cluster of \`quorate up\`: \`quorate start ${name} --new-member\`)`,
    ),
  removed: (id: number) =>
    refusal(
      `the member has been permanently removed from the cluster: ${hexId(id)} never comes back. ` +
        'To use this place again, add a new member with `etcdctl member add` and start it with an ' +
        'empty data directory',
    ),
} as const;

function refusal(text: string): QuorateError {
  return new QuorateError('failed-precondition', text, { details: { kind } });
}

export function isRefusal(error: QuorateError): boolean {
  return error.details.kind === kind;
}
