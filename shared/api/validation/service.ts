import type { FieldCause } from '#shared/base';
import { duplicate, forbidden, invalidValue, notSupported, required } from '../causes.ts';
import { mayHaveNodePorts } from '../node-ports.ts';
import type { Service, ServicePort } from '../types.ts';
import { validateLabels } from './metadata.ts';
import { dnsLabel, dnsSubdomain, ipRule, isIP, portRule, validPort } from './names.ts';
import { validatePortRef } from './probes.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const affinities = ['ClientIP', 'None'];
const trafficPolicies = ['Cluster', 'Local'];
const protocols = ['SCTP', 'TCP', 'UDP'];

export function validateService(service: Service, old?: Service): FieldCause[] {
  const { spec } = service;
  if (!spec) return [required('spec.ports')];
  const { type = '', clusterIP = '', ports = [], sessionAffinity = '' } = spec;
  const headless = clusterIP === 'None';
  const causes: FieldCause[] = [];
  if (ports.length === 0 && !headless && type !== 'ExternalName') {
    causes.push(required('spec.ports'));
  }
  if (!types.includes(type)) causes.push(notSupported('spec.type', type, types));
  if (type === 'ExternalName') causes.push(...validateExternalName(spec));
  else if (clusterIP !== '' && !headless && !isIP(clusterIP)) {
    causes.push(invalidValue('spec.clusterIPs[0]', clusterIP, ipRule));
  }
  if (mayHaveNodePorts(spec) && headless) {
    const detail = `may not be set to 'None' for ${type} services`;
    causes.push(invalidValue('spec.clusterIPs[0]', clusterIP, detail));
  }
  if (!affinities.includes(sessionAffinity)) {
    causes.push(notSupported('spec.sessionAffinity', sessionAffinity, affinities));
  }
  causes.push(
    ...validateLabels(spec.selector, 'spec.selector'),
    ...validatePorts(ports),
    ...validateNodePorts(spec),
    ...validateTrafficPolicy(spec),
    ...validateAddressKept(service, old),
  );
  return causes;
}

function validateExternalName(spec: NonNullable<Service['spec']>): FieldCause[] {
  const { externalName = '', clusterIP = '' } = spec;
  const causes: FieldCause[] = [];
  if (clusterIP !== '') {
    causes.push(forbidden('spec.clusterIPs', 'may not be set for ExternalName services'));
  }
  if (externalName === '') return [...causes, required('spec.externalName')];
  for (const error of dnsSubdomain(externalName.replace(/\.$/, ''))) {
    causes.push(invalidValue('spec.externalName', externalName, error));
  }
  return causes;
}

function validatePorts(ports: readonly ServicePort[]): FieldCause[] {
  const names = new Set<string>();
  const pairs = new Set<string>();
  return ports.flatMap((port, i) => {
    const field = `spec.ports[${i}]`;
    const { name = '', protocol = '' } = port;
    const causes: FieldCause[] = [];
    if (name === '') {
      if (ports.length > 1) causes.push(required(`${field}.name`));
    } else {
      causes.push(...dnsLabel(name).map((e) => invalidValue(`${field}.name`, name, e)));
      if (names.has(name)) causes.push(duplicate(`${field}.name`, name));
      names.add(name);
    }
    if (!validPort(port.port)) causes.push(invalidValue(`${field}.port`, port.port, portRule));
    if (!protocols.includes(protocol)) {
      causes.push(notSupported(`${field}.protocol`, protocol, protocols));
    }
    if (port.targetPort !== undefined) {
      causes.push(...validatePortRef(port.targetPort, `${field}.targetPort`));
    }
    const pair = `${protocol}/${port.port}`;
    if (pairs.has(pair)) causes.push(duplicate(field, { protocol, port: port.port }));
    pairs.add(pair);
    return causes;
  });
}

function validateNodePorts(spec: NonNullable<Service['spec']>): FieldCause[] {
  const pairs = new Set<string>();
  return (spec.ports ?? []).flatMap(({ nodePort, protocol = '' }, i) => {
    if (!nodePort) return [];
    const field = `spec.ports[${i}].nodePort`;
    if (spec.type === 'ClusterIP') {
      return [forbidden(field, "may not be used when `type` is 'ClusterIP'")];
    }
    const pair = `${protocol}/${nodePort}`;
    if (pairs.has(pair)) return [duplicate(field, nodePort)];
    pairs.add(pair);
    return [];
  });
}

function validateTrafficPolicy(spec: NonNullable<Service['spec']>): FieldCause[] {
  const { externalTrafficPolicy: policy, externalIPs = [] } = spec;
  if (policy === undefined) return [];
  const field = 'spec.externalTrafficPolicy';
  if (!mayHaveNodePorts(spec) && externalIPs.length === 0) {
    return [invalidValue(field, policy, 'may only be set for externally-accessible services')];
  }
  return trafficPolicies.includes(policy) ? [] : [notSupported(field, policy, trafficPolicies)];
}

/** Clients hold on to a service's address, so it stays for the service's life. */
function validateAddressKept(service: Service, old: Service | undefined): FieldCause[] {
  const before = old?.spec?.clusterIP ?? '';
  const now = service.spec?.clusterIP ?? '';
  const external = [service.spec?.type, old?.spec?.type].includes('ExternalName');
  if (before === '' || before === now || external) return [];
  return [invalidValue('spec.clusterIPs[0]', [now], 'may not change once set')];
}
