import type { Attributes } from '../attributes.ts';
import { type Authorizer, type Decision, noOpinion } from '../authorizer.ts';
import type { User } from '../user.ts';
import { uncovered } from './covers.ts';
import type { Policy } from './policy.ts';
import { allows, type Rule } from './rules.ts';

/** Roles and bindings as they are now; waits until they have been read once. */
export type CurrentPolicy = () => Promise<Policy>;

/** Kubernetes' role-based access control. */
export class RbacAuthorizer implements Authorizer {
  readonly #policy: CurrentPolicy;

  constructor(policy: CurrentPolicy) {
    this.#policy = policy;
  }

  async authorize(user: User, attributes: Attributes): Promise<Decision> {
    const policy = await this.#policy();
    const namespace = attributes.type === 'resource' ? attributes.namespace : '';
    const problems = new Set<string>();
    for (const { rules, reason, problem } of policy.grants(user, namespace)) {
      if (problem !== undefined) problems.add(problem);
      if (rules.some((rule) => allows(rule, attributes))) return { verdict: 'allow', reason };
    }
    if (problems.size === 0) return noOpinion;
    const list = [...problems].join(', ');
    return { verdict: 'none', reason: `RBAC: ${problems.size === 1 ? list : `[${list}]`}` };
  }

  /** Every rule a user has in a namespace; '' for those at the cluster scope alone. */
  async rulesFor(user: User, namespace: string): Promise<Rule[]> {
    const policy = await this.#policy();
    return [...policy.grants(user, namespace)].flatMap(({ rules }) => rules);
  }

  /** What a user would hand out without holding it. */
  async missing(user: User, namespace: string, wanted: readonly Rule[]): Promise<Rule[]> {
    return uncovered(await this.rulesFor(user, namespace), wanted);
  }

  /** Undefined where there is no such role. */
  async rulesOf(
    kind: string,
    namespace: string,
    name: string,
  ): Promise<readonly Rule[] | undefined> {
    return (await this.#policy()).rulesOf(kind, namespace, name);
  }
}
