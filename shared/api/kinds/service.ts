import { ageColumn, column, labelsCell, nameColumn, none, wide } from '../columns.ts';
import { dropWithType, keepNodePorts, mayHaveNodePorts, nodePortsOf } from '../node-ports.ts';
import type { Service } from '../types.ts';
import { dns1035Label } from '../validation/names.ts';
import { validateService } from '../validation/service.ts';
import { declare } from './declare.ts';

export const service = declare<Service>({
  group: '',
  resource: 'services',
  kind: 'Service',
  shortNames: ['svc'],
  categories: ['all'],
  hasStatus: true,
  subresources: ['proxy'],
  columns: [
    nameColumn,
    column('Type', ({ spec }) => spec?.type ?? '', 'How the service is reached.'),
    column('Cluster-IP', ({ spec }) => spec?.clusterIP || none, 'Its address in the cluster.'),
    column('External-IP', externalIP, 'Its address from outside.'),
    column('Port(s)', ports, 'The ports it answers on.'),
    ageColumn,
    wide('Selector', ({ spec }) => labelsCell(spec?.selector), 'Which pods answer.'),
  ],
  selectableFields: {
    'spec.clusterIP': ({ spec }) => spec?.clusterIP ?? '',
    'spec.type': ({ spec }) => spec?.type ?? '',
  },
  validateName: dns1035Label,
  prepareForCreate: (draft) => {
    draft.status = { loadBalancer: {} };
  },
  prepareForUpdate: (draft, old) => {
    // A manifest without the address that the server gave does not mean to take it away.
    const { clusterIP, clusterIPs } = old.spec ?? {};
    const { spec } = draft;
    if (spec && old.spec) {
      keepNodePorts(spec, old.spec);
      dropWithType(spec, old.spec);
    }
    if (!spec || !clusterIP || spec.clusterIP || spec.type === 'ExternalName') return;
    spec.clusterIP = clusterIP;
    spec.clusterIPs = clusterIPs ?? [clusterIP];
  },
  defaults: ({ spec }) => {
    if (!spec) return;
    spec.type ??= 'ClusterIP';
    spec.sessionAffinity ??= 'None';
    for (const port of spec.ports ?? []) {
      port.protocol ??= 'TCP';
      port.targetPort ??= port.port;
    }
    if (spec.sessionAffinity === 'ClientIP') {
      spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: 10_800 } };
    }
    if (spec.type === 'ExternalName') return;
    spec.internalTrafficPolicy ??= 'Cluster';
    if (mayHaveNodePorts(spec)) spec.externalTrafficPolicy ??= 'Cluster';
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
    if (spec.clusterIP) spec.clusterIPs ??= [spec.clusterIP];
  },
  validate: validateService,
  claims: ({ spec }) => {
    const ip = spec?.clusterIP ?? '';
    return [
      ...(ip === '' || ip === 'None' ? [] : [`clusterip/${ip}`]),
      ...new Set(nodePortsOf(spec).map((port) => `nodeport/${port}`)),
    ];
  },
});

function externalIP({ spec, status }: Service): string {
  const given = spec?.externalIPs ?? [];
  if (spec?.type === 'ExternalName') return spec.externalName || none;
  if (spec?.type !== 'LoadBalancer') return given.join(',') || none;
  const balancers = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname);
  return [...balancers, ...given].join(',') || '<pending>';
}

function ports({ spec }: Service): string {
  const list = (spec?.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return list.join(',') || none;
}
