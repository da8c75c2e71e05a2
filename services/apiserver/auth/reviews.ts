import { badRequest, invalid, type KubeObject, type Resource } from '#shared/api';
import { readBody } from '../registry/subresources.ts';
import type { Creation, Creators } from '../requests/creators.ts';
import type { Attributes } from './attributes.ts';
import type { Authenticator } from './authenticator.ts';
import type { Authorizer } from './authorizer.ts';
import { nodeOf } from './node/node-name.ts';
import type { RbacAuthorizer } from './rbac/authorizer.ts';
import type { User } from './user.ts';

/** Resource or path, as a review's spec names them. */
interface AccessSpec {
  readonly resourceAttributes?: {
    readonly namespace?: string;
    readonly verb?: string;
    readonly group?: string;
    readonly version?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
  };
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

interface AccessReview extends KubeObject {
  readonly spec?: AccessSpec;
}

export interface ReviewDeps {
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  readonly authenticator: Authenticator;
}

/** The answers to `kubectl auth can-i`, `auth whoami` and to whoever asks for others. */
export function reviewCreators({ authorizer, rbac, authenticator }: ReviewDeps): Creators {
  const answer = async (review: AccessReview, user: User, attributes: Attributes) => {
    const { verdict, reason } = await authorizer.authorize(user, attributes);
    const status = {
      allowed: verdict === 'allow',
      ...(verdict === 'deny' && { denied: true }),
      ...(reason !== '' && { reason }),
    };
    return { ...review, status } as KubeObject;
  };
  const others = async ({ resource, body, options, namespace }: Creation): Promise<KubeObject> => {
    const review: AccessReview = readBody(resource, body, options);
    const attributes = attributesOf(resource, review);
    if (namespace !== '' && attributes.type === 'resource' && attributes.namespace !== namespace) {
      throw wrong(resource, 'spec.resourceAttributes.namespace', 'must match metadata.namespace');
    }
    return answer(review, subjectOf(resource, review), attributes);
  };
  return {
    'authorization.k8s.io/selfsubjectaccessreviews': ({ user, resource, body, options }) => {
      const review: AccessReview = readBody(resource, body, options);
      return answer(review, user, attributesOf(resource, review));
    },
    'authorization.k8s.io/subjectaccessreviews': others,
    'authorization.k8s.io/localsubjectaccessreviews': others,
    'authorization.k8s.io/selfsubjectrulesreviews': async ({ user, resource, body, options }) => {
      const review = readBody(resource, body, options) as KubeObject & {
        spec?: { namespace?: string };
      };
      const { namespace = '' } = review.spec ?? {};
      if (namespace === '') throw badRequest('no namespace on request');
      return { ...review, status: await rulesStatus(rbac, user, namespace) } as KubeObject;
    },
    'authentication.k8s.io/selfsubjectreviews': async ({ user, resource, body, options }) => {
      const review = readBody(resource, body, options);
      return { ...review, status: { userInfo: userInfo(user) } } as KubeObject;
    },
    'authentication.k8s.io/tokenreviews': async ({ resource, body, options }) => {
      const review = readBody(resource, body, options) as KubeObject & {
        spec?: { token?: string; audiences?: readonly string[] };
      };
      const { token = '', audiences } = review.spec ?? {};
      if (token === '') throw badRequest('token is required for TokenReview in authentication');
      const user = await authenticator.tokenUser(token, audiences);
      const status = user
        ? { authenticated: true, user: userInfo(user), ...(audiences && { audiences }) }
        : {
            user: {},
            error: 'the token is not valid here: unknown, expired or for another audience',
          };
      return { ...review, status } as KubeObject;
    },
  };
}

const userInfo = ({ name, uid, groups, extra }: User): object => ({
  username: name,
  ...(uid && { uid }),
  groups,
  ...(extra && { extra }),
});

async function rulesStatus(rbac: RbacAuthorizer, user: User, namespace: string): Promise<object> {
  const rules = await rbac.rulesFor(user, namespace);
  const isNode = nodeOf(user) !== undefined;
  return {
    resourceRules: rules.filter(({ nonResourceURLs = [] }) => nonResourceURLs.length === 0),
    nonResourceRules: rules.filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0),
    // What a node may do depends on its pods, and is no list of rules.
    incomplete: isNode,
    ...(isNode && { evaluationError: 'node authorizer does not support user rule resolution' }),
  };
}

function attributesOf(resource: Resource, { spec = {} }: AccessReview): Attributes {
  const { resourceAttributes: asked, nonResourceAttributes: path } = spec;
  if ((asked === undefined) === (path === undefined)) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw wrong(resource, 'spec.resourceAttributes', detail);
  }
  if (path) return { type: 'path', verb: path.verb ?? '', path: path.path ?? '' };
  const absent = { verb: '', group: '', version: '', resource: '', subresource: '' };
  return { ...absent, namespace: '', name: '', ...asked, type: 'resource' };
}

function subjectOf(resource: Resource, { spec = {} }: AccessReview): User {
  const { user = '', groups = [], uid, extra } = spec;
  if (user === '' && groups.length === 0) {
    throw wrong(resource, 'spec.user', 'at least one of user or group must be specified');
  }
  return { name: user, groups, uid, extra };
}

const wrong = (resource: Resource, field: string, detail: string) =>
  invalid(resource, '', [
    { field, reason: 'FieldValueInvalid', message: `Invalid value: ${detail}` },
  ]);
