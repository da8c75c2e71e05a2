import {
  type ClusterRole,
  type ConfigMap,
  type Endpoints,
  type EndpointSlice,
  type Namespace,
  type ResourceQuota,
} from '#shared/api';
import { rootCa } from '../../parts/masters.ts';
import { isGoing, nameOf } from '../metadata.ts';
import { each, type Look, type Reality } from './reality.ts';

/** Every namespace has its account, and the authority's certificate, where a quota lets it. */
const defaults = each<Namespace>('namespaces', (namespace, { objects }) => {
  if (isGoing(namespace)) return '';
  const name = nameOf(namespace);
  const own = (resource: string, wanted: string) =>
    objects
      .all(resource)
      .find(({ metadata }) => metadata?.namespace === name && metadata.name === wanted);
  if (!own('serviceaccounts', 'default')) return 'has no default account';
  const authority: ConfigMap | undefined = own('configmaps', 'kube-root-ca.crt');
  const isFull = objects
    .all<ResourceQuota>('resourcequotas')
    .some(
      ({ metadata, status }) =>
        metadata?.namespace === name &&
        Number(status?.used?.['configmaps'] ?? 0) >= Number(status?.hard?.['configmaps'] ?? 1),
    );
  if (!authority) return isFull ? '' : 'has no certificate of the authority';
  const text = JSON.stringify(authority.data);
  return text === JSON.stringify({ 'ca.crt': rootCa }) ? '' : `has another authority: ${text}`;
});

/** A sum of roles has the rules of its parts, and no others. */
const sums = each<ClusterRole>('rbac.authorization.k8s.io/clusterroles', (sum, { objects }) => {
  const selectors = sum.aggregationRule?.clusterRoleSelectors;
  if (!selectors) return '';
  const parts = objects
    .all<ClusterRole>('rbac.authorization.k8s.io/clusterroles')
    .filter(
      (role) =>
        nameOf(role) !== nameOf(sum) &&
        selectors.some(({ matchLabels = {} }) =>
          Object.entries(matchLabels).every(([key, is]) => role.metadata?.labels?.[key] === is),
        ),
    );
  const texts = (rules: ClusterRole['rules'] = []): string =>
    [...new Set(rules.map((rule) => JSON.stringify(rule)))].sort().join();
  const wanted = texts(parts.flatMap(({ rules = [] }) => rules));
  const is = texts(sum.rules);
  return is === wanted ? '' : `has the rules ${is}, and its parts ${wanted}`;
});

/** Who asks the Service `kubernetes` is sent to every API server, and to nobody else. */
function kubernetes({ objects, servers }: Reality): string {
  if (!servers) return '';
  const wanted = servers.toSorted().join();
  const isOf = ({ metadata }: EndpointSlice): boolean =>
    metadata?.namespace === 'default' &&
    metadata.labels?.['kubernetes.io/service-name'] === 'kubernetes';
  const told = objects
    .all<EndpointSlice>('discovery.k8s.io/endpointslices')
    .filter(isOf)
    .flatMap(({ endpoints, ports = [] }) =>
      endpoints.flatMap(({ addresses }) => addresses.flatMap((ip) => ports.map(at(ip)))),
    );
  if (told.toSorted().join() !== wanted)
    return `the Service kubernetes has slices of ${told.join()}, and there are ${wanted}`;
  const older = objects
    .all<Endpoints>('endpoints')
    .filter(({ metadata }) => metadata?.namespace === 'default' && metadata.name === 'kubernetes')
    .flatMap(({ subsets = [] }) => subsets)
    .flatMap(({ addresses = [], ports = [] }) => addresses.flatMap(({ ip }) => ports.map(at(ip))));
  return older.toSorted().join() === wanted
    ? ''
    : `the Service kubernetes has Endpoints of ${older.join()}, and there are ${wanted}`;
}

const at =
  (ip: string) =>
  ({ port }: { readonly port?: number | undefined }): string =>
    `${ip}:${port}`;

export const housekeeping: readonly Look[] = [defaults, sums, kubernetes];
