import type { KubeObject } from '../object.ts';
import { declare } from './declare.ts';

/** Kinds that are questions: created, answered, and never stored. */
const review = (group: string, kind: string, namespaced = false) =>
  declare<KubeObject>({
    group,
    resource: `${kind.toLowerCase()}s`,
    kind,
    namespaced,
    verbs: ['create'],
    columns: [],
  });

const authentication = 'authentication.k8s.io';
const authorization = 'authorization.k8s.io';

export const reviews = [
  review(authentication, 'SelfSubjectReview'),
  review(authentication, 'TokenReview'),
  review(authorization, 'LocalSubjectAccessReview', true),
  review(authorization, 'SelfSubjectAccessReview'),
  review(authorization, 'SelfSubjectRulesReview'),
  review(authorization, 'SubjectAccessReview'),
];

/** The body of serviceaccounts/token, which is no collection of its own. */
export const tokenRequest = review(authentication, 'TokenRequest', true);
