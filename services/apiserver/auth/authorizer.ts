import { QuorateError } from '#shared/base';
import { forbiddenTo } from '#shared/api';
import type { Attributes } from './attributes.ts';
import { mastersGroup, type User } from './user.ts';

export interface Decision {
  /** `none`: the next authorizer may know; where none does, the answer is no. */
  readonly verdict: 'allow' | 'deny' | 'none';
  /** For people; '' where there is nothing to say. */
  readonly reason: string;
}

export interface Authorizer {
  authorize(user: User, attributes: Attributes): Decision | Promise<Decision>;
}

export const noOpinion: Decision = { verdict: 'none', reason: '' };

/** system:masters may do everything, whatever the roles say. */
export const mastersAuthorizer: Authorizer = {
  authorize: ({ groups }) =>
    groups.includes(mastersGroup) ? { verdict: 'allow', reason: '' } : noOpinion,
};

/** Asks one after the other until one has an opinion; without any, says what all of them said. */
export function firstOpinion(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(user, attributes) {
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const decision = await authorizer.authorize(user, attributes);
        if (decision.verdict !== 'none') return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
      }
      return { verdict: 'none', reason: reasons.join(', ') };
    },
  };
}

/** Throws `forbidden`, in Kubernetes' words. */
export async function insist(
  authorizer: Authorizer,
  user: User,
  attributes: Attributes,
): Promise<void> {
  const { verdict, reason } = await authorizer.authorize(user, attributes);
  if (verdict !== 'allow') throw forbidden(user, attributes, reason);
}

function forbidden(user: User, attributes: Attributes, reason: string): QuorateError {
  const who = `User ${JSON.stringify(user.name)}`;
  const because = reason === '' ? '' : `: ${reason}`;
  if (attributes.type === 'path') {
    const { verb, path } = attributes;
    return new QuorateError(
      'forbidden',
      `forbidden: ${who} cannot ${verb} path ${JSON.stringify(path)}${because}`,
    );
  }
  const { verb, group, resource, subresource, namespace, name } = attributes;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where =
    namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `${who} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
  return forbiddenTo({ group, resource }, name, `${why}${because}`);
}
