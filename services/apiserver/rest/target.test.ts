import { expect, it } from 'vitest';
import { parseTarget } from './target.ts';

const read = (path: string): string => {
  const target = parseTarget(path);
  if (target.type === 'path') return `path ${target.path}`;
  const { ref, namespace, name, subresource, proxied, watch } = target;
  const parts = [ref.group || 'core', ref.version, ref.resource, namespace, name, subresource];
  return [...(watch ? ['watch'] : []), ...parts, ...(proxied === undefined ? [] : [proxied])].join(
    ' ',
  );
};

it.each([
  ['/', 'path /'],
  ['/version/', 'path /version'],
  ['/api', 'path /api'],
  ['/api/v1', 'path /api/v1'],
  ['/apis/apps/v1', 'path /apis/apps/v1'],
  ['/api/v1/pods', 'core v1 pods   '],
  ['/api/v1/nodes/a', 'core v1 nodes  a '],
  ['/api/v1/nodes/a/status', 'core v1 nodes  a status'],
  ['/api/v1/namespaces', 'core v1 namespaces   '],
  ['/api/v1/namespaces/x', 'core v1 namespaces  x '],
  ['/api/v1/namespaces/x/status', 'core v1 namespaces  x status'],
  ['/api/v1/namespaces/x/finalize', 'core v1 namespaces  x finalize'],
  ['/api/v1/namespaces/x/pods', 'core v1 pods x  '],
  ['/api/v1/namespaces/x/pods/a', 'core v1 pods x a '],
  ['/api/v1/namespaces/x/pods/a/log', 'core v1 pods x a log'],
  ['/api/v1/namespaces/x/services/a/proxy/b/c', 'core v1 services x a proxy /b/c'],
  ['/api/v1/namespaces/x/services/a:web/proxy', 'core v1 services x a:web proxy'],
  ['/api/v1/namespaces/x/pods/https:a:1/proxy/', 'core v1 pods x https:a:1 proxy /'],
  ['/api/v1/namespaces/x/pods/a/proxy/%2e%2e//b%zz', 'core v1 pods x a proxy /%2e%2e//b%zz'],
  ['/api/v1/namespaces/x/configmaps/a/proxy/b', 'core v1 configmaps x a proxy/b'],
  ['/apis/apps/v1/namespaces/x/deployments/a/scale', 'apps v1 deployments x a scale'],
  ['/api/v1/watch/pods', 'watch core v1 pods   '],
  ['/api/v1/watch/namespaces/x/pods/a', 'watch core v1 pods x a '],
  ['/apis/apps/v1/watch/deployments', 'watch apps v1 deployments   '],
  ['/apis/apps/v1/deployments', 'apps v1 deployments   '],
  ['/api/v1/namespaces/x/pods/a%2Fb', 'core v1 pods x a/b '],
])('%s', (path, expected) => expect(read(path)).toBe(expected));

it('answers what cannot be decoded', () => {
  expect(() => parseTarget('/api/v1/namespaces/%zz/pods')).toThrow('cannot be decoded');
});
