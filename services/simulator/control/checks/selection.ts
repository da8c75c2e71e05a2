import type { KubeObject } from '#shared/api';

// Written anew: what a checker shares with whom it judges, it cannot judge.

export interface Selection {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export type Selects = (object: KubeObject) => boolean;

/** What a list or a watch shows of all objects. */
export function selects({ namespace, name, labelSelector, fieldSelector }: Selection): Selects {
  const rules = [
    ...parts(labelSelector).map(labelRule),
    ...parts(fieldSelector).map((text) => equality(text, fieldAt)),
  ];
  return (object) =>
    (!namespace || object.metadata?.namespace === namespace) &&
    (!name || object.metadata?.name === name) &&
    rules.every((rule) => rule(object));
}

/** Between commas, but for those of a set. */
const parts = (selector: string | undefined): string[] =>
  selector ? selector.split(/,(?![^(]*\))/) : [];

function labelRule(text: string): Selects {
  const set = /^(\S+) (in|notin) \((.*)\)$/.exec(text);
  if (set) {
    const [, key = '', how, values = ''] = set;
    return (object) => values.split(',').includes(labelOf(object, key)) === (how === 'in');
  }
  if (text.startsWith('!'))
    return ({ metadata }) => metadata?.labels?.[text.slice(1)] === undefined;
  if (text.includes('=')) return equality(text, labelOf);
  return ({ metadata }) => metadata?.labels?.[text] !== undefined;
}

/** `a=b` or `a!=b`. */
function equality(text: string, valueOf: (object: KubeObject, key: string) => string): Selects {
  const [, key = '', not, value = ''] = /^(.*?)(!?)==?(.*)$/.exec(text) ?? [];
  return (object) => (valueOf(object, key) === value) === (not === '');
}

/** Absent is no value that anybody names. */
const labelOf = ({ metadata }: KubeObject, key: string): string => metadata?.labels?.[key] ?? '';

function fieldAt(object: unknown, path: string): string {
  let at = object;
  for (const part of path.split('.')) at = (at as Record<string, unknown> | undefined)?.[part];
  return typeof at === 'string' ? at : '';
}
