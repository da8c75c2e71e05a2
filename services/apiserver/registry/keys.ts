import { badRequest, type Resource } from '#shared/api';
import type { Key } from '#shared/mvcc';

/** Under which the leader of an election is kept, and what a fence compares with. */
export const electionPrefix = '/registry/elections/';
export const electionKey = (election: string): Key => electionPrefix + election;

/** The end of the range of keys that start with `prefix`. */
export function prefixEnd(prefix: Key): Key {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

/**
 * Refuses what cannot be part of a key: a slash would reach into another collection. Whether it is
 * a good name for its kind is the kind's to say, on creation.
 */
export function checkPathSegment(what: string, value: string): void {
  if (value === '.' || value === '..' || !/^[^/%\s]+$/.test(value) || /[^\x21-\x7e]/.test(value)) {
    throw badRequest(
      `invalid ${what} ${JSON.stringify(value)}: may not be '.', '..' or contain '/', '%', spaces or characters outside ASCII`,
    );
  }
}

/** The namespace part of a request: checked, and '' for kinds that have none. */
export function checkNamespace(resource: Resource, namespace: string | undefined): string {
  if (!resource.namespaced) {
    if (namespace) {
      throw badRequest(`${resource.kind} is not namespaced: the request may not name a namespace`);
    }
    return '';
  }
  const given = namespace || 'default';
  checkPathSegment('namespace', given);
  return given;
}
