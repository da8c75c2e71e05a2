import { noOpinion, type Authorizer } from './authorizer.ts';

/** What Kubernetes' system:discovery lets everybody see who is known. */
const publicPaths = /^\/(api|apis|openapi|version|livez|readyz|healthz)(\/|$)/;

export const publicPathsAuthorizer: Authorizer = {
  authorize: (_user, attributes) =>
    attributes.type === 'path' && attributes.verb === 'get' && publicPaths.test(attributes.path)
      ? { verdict: 'allow', reason: '' }
      : noOpinion,
};
