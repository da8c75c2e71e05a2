import { matchesPath, type Rule } from './rules.ts';

/** One verb on one thing: what a rule is made of. */
type Atom = Required<Pick<Rule, 'verbs'>> & Rule;

/**
 * The parts of `wanted` that `held` does not give: whoever hands out rules must hold each of them,
 * whole. In Kubernetes this is the escalation check.
 */
export function uncovered(held: readonly Rule[], wanted: readonly Rule[]): Rule[] {
  return wanted.flatMap(atoms).filter((atom) => !held.some((rule) => covers(rule, atom)));
}

function atoms(rule: Rule): Atom[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const found: Atom[] = [];
  for (const verb of verbs) {
    for (const url of nonResourceURLs) found.push({ verbs: [verb], nonResourceURLs: [url] });
    for (const group of apiGroups) {
      for (const resource of resources) {
        const one = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (resourceNames.length === 0) found.push(one);
        for (const name of resourceNames) found.push({ ...one, resourceNames: [name] });
      }
    }
  }
  return found;
}

function covers(rule: Rule, atom: Atom): boolean {
  if (!hasEach(rule.verbs, atom.verbs)) return false;
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (atom.nonResourceURLs) {
    return atom.nonResourceURLs.every((url) =>
      nonResourceURLs.some((own) => matchesPath(own, url)),
    );
  }
  const named = atom.resourceNames ?? [];
  const names =
    resourceNames.length === 0 ||
    (named.length > 0 && named.every((name) => resourceNames.includes(name)));
  return names && hasEach(apiGroups, atom.apiGroups) && hasResources(resources, atom.resources);
}

function hasResources(held: readonly string[], wanted: readonly string[] = []): boolean {
  return wanted.every((resource) => {
    const [, view] = resource.split('/');
    return (
      held.includes('*') ||
      held.includes(resource) ||
      (view !== undefined && held.includes(`*/${view}`))
    );
  });
}

const hasEach = (held: readonly string[], wanted: readonly string[] = []): boolean =>
  held.includes('*') || wanted.every((value) => held.includes(value));

/** As Kubernetes writes a rule in a message. */
export function ruleText(rule: Rule): string {
  const fields: [string, readonly string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['ResourceNames', rule.resourceNames],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['Verbs', rule.verbs],
  ];
  const said = fields.filter(([, values]) => values !== undefined && values.length > 0);
  const text = ([name, values]: (typeof fields)[number]): string =>
    `${name}:[${(values ?? []).map((value) => JSON.stringify(value)).join(' ')}]`;
  return `{${said.map(text).join(', ')}}`;
}
