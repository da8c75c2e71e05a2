import { noOpinion, type Authorizer } from './authorizer.ts';

/** The components of a cluster, until their roles say what each may do. */
export const componentsAuthorizer: Authorizer = {
  authorize: ({ name }) =>
    /^system:(node:|kube-)/.test(name) ? { verdict: 'allow', reason: '' } : noOpinion,
};
