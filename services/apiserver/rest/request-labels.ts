import type { RequestLabels } from '../metrics/request-metrics.ts';
import type { KindTable } from '../registry/kinds.ts';
import type { Exchange } from './exchange.ts';
import { parseMediaType } from './negotiate.ts';
import { booleanParam } from './params.ts';
import { isStream } from './subresources.ts';
import { parseTarget, type ResourceTarget, type Target } from './target.ts';

/** How a request is counted: nothing that a stranger can make up becomes a label. */
export function requestLabels(kinds: KindTable, exchange: Exchange): RequestLabels {
  const target = targetOf(exchange);
  const known = target?.type === 'resource' && kinds.has(target.ref) ? target : undefined;
  const resource = known && kinds.find(known.ref);
  if (!known || !resource) {
    const none = { group: '', version: '', resource: '', subresource: '', scope: '' } as const;
    return { verb: methods.has(exchange.method) ? exchange.method : 'OTHER', ...none };
  }
  const { subresource, namespace, name } = known;
  return {
    verb: verbOf(known, exchange),
    ...known.ref,
    subresource: resource.subresources.includes(subresource) ? subresource : '',
    scope: name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster',
  };
}

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']);

function verbOf({ name, subresource, watch }: ResourceTarget, exchange: Exchange): string {
  const { method, query } = exchange;
  if (isStream(subresource)) return 'CONNECT';
  if (method === 'GET' && (watch || booleanParam(query, 'watch') === true)) return 'WATCH';
  if (method === 'GET' && name === '') return 'LIST';
  if (method === 'DELETE' && name === '') return 'DELETECOLLECTION';
  if (method === 'PATCH' && isApply(exchange)) return 'APPLY';
  return methods.has(method) ? method : 'OTHER';
}

const isApply = (exchange: Exchange): boolean =>
  parseMediaType(exchange.header('content-type') ?? '').type.startsWith('application/apply-patch');

/** Undefined for a path that cannot be read. */
function targetOf({ pathname }: Exchange): Target | undefined {
  try {
    return parseTarget(pathname);
  } catch {
    return undefined;
  }
}
