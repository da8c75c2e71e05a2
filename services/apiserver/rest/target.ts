import { badRequest, type ResourceRef } from '#shared/api';

/** What the path of a request names. */
export type Target = ResourceTarget | PathTarget;

export interface ResourceTarget {
  readonly type: 'resource';
  readonly ref: ResourceRef;
  /** '' for cluster-scoped kinds and for every namespace. */
  readonly namespace: string;
  /** '' for the collection. */
  readonly name: string;
  readonly subresource: string;
  /** Of a proxy: what comes after it, as it was sent; absent where not even a slash does. */
  readonly proxied?: string;
  /** Asked for as a watch by the path, `/api/v1/watch/…`: older clients still do. */
  readonly watch?: true;
}

export interface PathTarget {
  readonly type: 'path';
  /** Without a slash at its end. */
  readonly path: string;
}

/** Views of a namespace itself, which stand where its collections stand. */
const namespaceSubresources = new Set(['finalize', 'status']);

/** Reads `/api/v1/…` and `/apis/<group>/<version>/…` as Kubernetes does. Throws `bad-request`. */
export function parseTarget(pathname: string): Target {
  const [base, proxied] = cutProxy(pathname);
  const target = parsePath(base);
  return target.type === 'resource' && proxied !== undefined ? { ...target, proxied } : target;
}

const proxy =
  /^\/api\/v1\/(?:nodes\/[^/]+|namespaces\/[^/]+\/(?:pods|services)\/[^/]+)\/proxy(?=\/)/;

/** What comes after a proxy belongs to somebody else, and is not looked at. */
function cutProxy(pathname: string): [base: string, proxied?: string] {
  const [base] = proxy.exec(pathname) ?? [];
  return base === undefined ? [pathname] : [base, pathname.slice(base.length)];
}

function parsePath(pathname: string): Target {
  const path = pathname.length > 1 && pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
  const segments = path.slice(1).split('/').map(decode);
  const [root] = segments;
  if (root === 'api' && segments.length > 2) {
    const [, version = '', ...rest] = segments;
    return resourceTarget('', version, rest);
  }
  if (root === 'apis' && segments.length > 3) {
    const [, group = '', version = '', ...rest] = segments;
    return resourceTarget(group, version, rest);
  }
  return { type: 'path', path };
}

function resourceTarget(group: string, version: string, rest: readonly string[]): ResourceTarget {
  if (rest[0] === 'watch' && rest.length > 1) {
    return { ...resourceTarget(group, version, rest.slice(1)), watch: true };
  }
  const [first = '', second = '', third = '', ...more] = rest;
  const inNamespace =
    first === 'namespaces' &&
    rest.length > 2 &&
    !(rest.length === 3 && namespaceSubresources.has(third));
  if (inNamespace) {
    const [name = '', ...subresource] = more;
    return target(group, version, third, second, name, subresource);
  }
  const subresource = rest.length > 2 ? [third, ...more] : [];
  return target(group, version, first, '', second, subresource);
}

const target = (
  group: string,
  version: string,
  resource: string,
  namespace: string,
  name: string,
  subresource: readonly string[],
): ResourceTarget => ({
  type: 'resource',
  ref: { group, version, resource },
  namespace,
  name,
  subresource: subresource.join('/'),
});

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`the path is not valid: ${JSON.stringify(segment)} cannot be decoded`);
  }
}
