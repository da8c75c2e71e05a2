import {
  type FieldSelector,
  type KubeObject,
  parseFieldSelector,
  parseLabelSelector,
  type Resource,
} from '#shared/api';

/** What a list or a watch asks for, beyond its namespace. */
export interface Selection {
  readonly empty: boolean;
  readonly fields: FieldSelector;
  readonly matches: (object: KubeObject) => boolean;
}

/** Throws `bad-request` on a selector that does not parse or a field that cannot be selected by. */
export function parseSelection(
  resource: Resource,
  options: { labelSelector?: string | undefined; fieldSelector?: string | undefined },
): Selection {
  const labels = parseLabelSelector(options.labelSelector ?? '');
  const fields = parseFieldSelector(resource, options.fieldSelector ?? '');
  return {
    empty: labels.empty && fields.empty,
    fields,
    matches: (object) => labels.matches(object.metadata?.labels) && fields.matches(object),
  };
}
