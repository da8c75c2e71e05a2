import type { FieldCause } from '#shared/base';
import { forbidden, invalidValue, notSupported, required } from '../causes.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import { labelSelectorMatcher } from '../selectors.ts';
import type { NetworkPolicy } from '../types.ts';
import { isCidr, portName, portRule, validPort } from '../validation/names.ts';
import { validateSelector } from '../validation/selectors.ts';
import { declare } from './declare.ts';

type Spec = NonNullable<NetworkPolicy['spec']>;
type Ports = NonNullable<NonNullable<Spec['ingress']>[number]['ports']>;
type Peers = NonNullable<NonNullable<Spec['ingress']>[number]['from']>;

const protocols = ['SCTP', 'TCP', 'UDP'];
const types = ['Egress', 'Ingress'];

export const networkPolicy = declare<NetworkPolicy>({
  group: 'networking.k8s.io',
  resource: 'networkpolicies',
  kind: 'NetworkPolicy',
  shortNames: ['netpol'],
  hasGeneration: true,
  columns: [
    nameColumn,
    column(
      'Pod-Selector',
      ({ spec }) => labelSelectorMatcher(spec?.podSelector).toString() || none,
      'Whom it concerns.',
    ),
    ageColumn,
  ],
  defaults: ({ spec }) => {
    if (!spec) return;
    spec.podSelector ??= {};
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
    }
    spec.policyTypes ??= spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate: ({ spec }) => {
    if (!spec) return [];
    const { podSelector, ingress = [], egress = [], policyTypes = [] } = spec;
    return [
      ...validateSelector(podSelector, 'spec.podSelector'),
      ...ingress.flatMap(({ ports = [], from = [] }, i) => [
        ...validatePorts(ports, `spec.ingress[${i}].ports`),
        ...validatePeers(from, `spec.ingress[${i}].from`),
      ]),
      ...egress.flatMap(({ ports = [], to = [] }, i) => [
        ...validatePorts(ports, `spec.egress[${i}].ports`),
        ...validatePeers(to, `spec.egress[${i}].to`),
      ]),
      ...policyTypes.flatMap((type, i) =>
        types.includes(type) ? [] : [notSupported(`spec.policyTypes[${i}]`, type, types)],
      ),
    ];
  },
});

function validatePorts(ports: Ports, field: string): FieldCause[] {
  return ports.flatMap(({ port, endPort, protocol = '' }, i) => {
    const at = `${field}[${i}]`;
    const causes: FieldCause[] = [];
    if (!protocols.includes(protocol)) {
      causes.push(notSupported(`${at}.protocol`, protocol, protocols));
    }
    if (typeof port === 'number' && !validPort(port)) {
      causes.push(invalidValue(`${at}.port`, port, portRule));
    } else if (typeof port === 'string') {
      causes.push(...portName(port).map((error) => invalidValue(`${at}.port`, port, error)));
    }
    if (endPort === undefined) return causes;
    if (port === undefined)
      causes.push(required(`${at}.port`, 'must be specified when `endPort` is'));
    else if (typeof port === 'string') {
      causes.push(
        invalidValue(`${at}.endPort`, endPort, 'may not be specified when `port` is non-numeric'),
      );
    } else if (endPort < port) {
      causes.push(
        invalidValue(`${at}.endPort`, endPort, 'must be greater than or equal to `port`'),
      );
    }
    return causes;
  });
}

function validatePeers(peers: Peers, field: string): FieldCause[] {
  return peers.flatMap(({ podSelector, namespaceSelector, ipBlock }, i) => {
    const at = `${field}[${i}]`;
    if (!podSelector && !namespaceSelector && !ipBlock) {
      return [required(at, 'must specify a peer')];
    }
    if (ipBlock && (podSelector || namespaceSelector)) {
      return [forbidden(at, 'may not specify both ipBlock and another peer')];
    }
    const cidrs = ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : [];
    return [
      ...(podSelector ? validateSelector(podSelector, `${at}.podSelector`) : []),
      ...(namespaceSelector ? validateSelector(namespaceSelector, `${at}.namespaceSelector`) : []),
      ...cidrs.flatMap((cidr, j) => {
        const where = j === 0 ? `${at}.ipBlock.cidr` : `${at}.ipBlock.except[${j - 1}]`;
        return isCidr(cidr) ? [] : [invalidValue(where, cidr, cidrRule)];
      }),
    ];
  });
}

const cidrRule = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
