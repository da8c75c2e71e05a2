import { type KubeObject, type ResourceRef } from '#shared/api';
import type { KindTable } from '../registry/kinds.ts';

/** What a request is about, before it is known whether that exists. */
export interface Place {
  readonly ref: ResourceRef;
  /** '' for cluster-scoped kinds and for every namespace. */
  readonly namespace: string;
  /** '' for a collection, unless just this one of it is selected. */
  readonly name: string;
  readonly subresource: string;
}

/**
 * The place of a request whose namespace may be left out: then it is the body's, or `default`.
 * Throws `not-found` for an unknown kind.
 */
export function objectPlace(
  kinds: KindTable,
  given: {
    readonly ref: ResourceRef;
    readonly namespace?: string | undefined;
    readonly name?: string | undefined;
    readonly subresource?: string | undefined;
    readonly body?: unknown;
  },
): Place {
  const { ref, body, name = '', subresource = '' } = given;
  const { namespaced } = kinds.find(ref);
  const own = (body as KubeObject | null | undefined)?.metadata?.namespace;
  // Of another type it is the registry's to refuse.
  const said = given.namespace || (typeof own === 'string' && own) || 'default';
  // A cluster-scoped kind takes no namespace: what is given comes out as an error further on.
  const namespace = namespaced ? said : (given.namespace ?? '');
  return { ref, namespace, name, subresource };
}

/** The place of a collection: every namespace where none is named. */
export const collectionPlace = (
  ref: ResourceRef,
  namespace = '',
  fieldSelector: string | undefined,
): Place => ({ ref, namespace, name: selectedName(fieldSelector), subresource: '' });

/** The one object that a selector of a collection names: who may see just that may list it. */
export const selectedName = (fieldSelector = ''): string =>
  /^metadata\.name==?([^,!=]+)$/.exec(fieldSelector)?.[1] ?? '';
