import { QuorateError } from '#shared/base';
import { forbiddenTo } from '#shared/api';
import { mastersGroup, type User } from './user.ts';

/** What a request is about to do, as authorization sees it. */
export type Attributes = ResourceAttributes | PathAttributes;

export interface ResourceAttributes {
  readonly type: 'resource';
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface PathAttributes {
  readonly type: 'path';
  readonly verb: string;
  readonly path: string;
}

/** What Kubernetes' system:discovery lets everybody see who is known. */
const publicPaths = /^\/(api|apis|openapi|version|livez|readyz|healthz)(\/|$)/;

/**
 * Throws `forbidden`. There are no roles yet: the group system:masters may do everything, and
 * others may look at what the server offers.
 */
export function authorize(user: User, attributes: Attributes): void {
  if (user.groups.includes(mastersGroup)) return;
  const who = `User ${JSON.stringify(user.name)}`;
  if (attributes.type === 'path') {
    if (attributes.verb === 'get' && publicPaths.test(attributes.path)) return;
    throw new QuorateError(
      'forbidden',
      `forbidden: ${who} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}`,
    );
  }
  const { verb, group, resource, subresource, namespace, name } = attributes;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where =
    namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `${who} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
  throw forbiddenTo({ group, resource }, name, why);
}
