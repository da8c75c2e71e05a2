import type { Attributes, PathAttributes, ResourceAttributes } from '../attributes.ts';

/** rbac.authorization.k8s.io/v1 PolicyRule. */
export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  /** Empty: all of them, and the collection too. */
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

const all = '*';

export function allows(rule: Rule, attributes: Attributes): boolean {
  return attributes.type === 'path'
    ? allowsPath(rule, attributes)
    : allowsResource(rule, attributes);
}

function allowsPath({ verbs, nonResourceURLs = [] }: Rule, { verb, path }: PathAttributes) {
  return has(verbs, verb) && nonResourceURLs.some((pattern) => matchesPath(pattern, path));
}

/** A star at the end of a pattern stands for whatever follows. */
export function matchesPath(pattern: string, path: string): boolean {
  if (pattern === all || pattern === path) return true;
  return pattern.endsWith(all) && path.startsWith(pattern.replace(/\*+$/, ''));
}

function allowsResource(rule: Rule, attributes: ResourceAttributes): boolean {
  const { verbs, apiGroups = [], resources = [], resourceNames = [] } = rule;
  const { verb, group, resource, subresource, name } = attributes;
  return (
    has(verbs, verb) &&
    has(apiGroups, group) &&
    matchesResource(resources, resource, subresource) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  );
}

/** `pods`, `pods/log`, a star for all, or a star before a slash for one view of every kind. */
function matchesResource(
  resources: readonly string[],
  resource: string,
  subresource: string,
): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return resources.some(
    (each) =>
      each === all || each === full || (subresource !== '' && each === `${all}/${subresource}`),
  );
}

const has = (values: readonly string[], value: string): boolean =>
  values.includes(all) || values.includes(value);
