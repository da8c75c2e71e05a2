import { QuorateError } from '#shared/base';

/** A form of an answer beside the object itself, by the media type's parameters g, v and as. */
export interface Transform {
  readonly as: string;
  readonly group: string;
  readonly version: string;
}

/** Undefined: the object as it is. */
export type Accepted = Transform | undefined;

export const tableTransform: Transform = { as: 'Table', group: 'meta.k8s.io', version: 'v1' };
export const metadataTransforms: readonly Transform[] = [
  { as: 'PartialObjectMetadata', group: 'meta.k8s.io', version: 'v1' },
  { as: 'PartialObjectMetadataList', group: 'meta.k8s.io', version: 'v1' },
];

/** What `Accept` may name more than JSON: other forms of it. */
const jsonTypes = new Set(['application/json', 'application/*', '*/*']);

/**
 * The first form in the client's order that can be given. Quality values are not looked at, as in
 * Kubernetes. Throws `not-acceptable`.
 */
export function negotiate(
  accept: string | undefined,
  offered: readonly Transform[] = [],
): Accepted {
  if (accept === undefined || accept.trim() === '') return undefined;
  for (const clause of accept.split(',')) {
    const { type, params } = parseMediaType(clause);
    if (!jsonTypes.has(type)) continue;
    const as = params.get('as');
    if (as === undefined) return undefined;
    const found = offered.find(
      (transform) =>
        transform.as === as &&
        transform.group === params.get('g') &&
        transform.version === params.get('v'),
    );
    if (found) return found;
  }
  throw new QuorateError(
    'not-acceptable',
    'only the following media types are accepted: application/json',
  );
}

/** The media type of an answer in this form. */
export const contentType = (form: Accepted): string =>
  form === undefined
    ? 'application/json'
    : `application/json;g=${form.group};v=${form.version};as=${form.as}`;

/** `a/b; k=v` in its parts; what is not well-formed is left out. */
export function parseMediaType(text: string): { type: string; params: Map<string, string> } {
  const [type = '', ...rest] = text.split(';');
  const params = new Map<string, string>();
  for (const part of rest) {
    const [key = '', value = ''] = part.split('=');
    params.set(key.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1'));
  }
  return { type: type.trim().toLowerCase(), params };
}
