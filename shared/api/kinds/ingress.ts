import type { FieldCause } from '#shared/base';
import { invalidValue, notSupported, required } from '../causes.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import { equalJson } from '../equal.ts';
import type { Ingress, IngressClass } from '../types.ts';
import {
  dns1035Label,
  dnsSubdomain,
  isIP,
  portName,
  portRule,
  validPort,
} from '../validation/names.ts';
import { declare } from './declare.ts';

type Spec = NonNullable<Ingress['spec']>;
type Backend = NonNullable<Spec['defaultBackend']>;
type Path = NonNullable<NonNullable<Spec['rules']>[number]['http']>['paths'][number];

const group = 'networking.k8s.io';
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const maxHosts = 3;

export const ingress = declare<Ingress>({
  group,
  resource: 'ingresses',
  kind: 'Ingress',
  shortNames: ['ing'],
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Class', ({ spec }) => spec?.ingressClassName ?? none, 'Who carries it out.'),
    column('Hosts', hosts, 'Which hosts it is about.'),
    column('Address', addresses, 'Where it is reached.'),
    column('Ports', ({ spec }) => (spec?.tls?.length ? '80, 443' : '80'), 'On which ports.'),
    ageColumn,
  ],
  prepareForCreate: (draft) => {
    draft.status = { loadBalancer: {} };
  },
  validate: ({ spec = {} }) => {
    const { defaultBackend, rules = [], ingressClassName } = spec;
    const causes: FieldCause[] = [];
    if (rules.length === 0 && !defaultBackend) {
      const detail = 'either `defaultBackend` or `rules` must be specified';
      causes.push(invalidValue('spec', [], detail));
    }
    if (defaultBackend) causes.push(...validateBackend(defaultBackend, 'spec.defaultBackend'));
    for (const error of ingressClassName ? dnsSubdomain(ingressClassName) : []) {
      causes.push(invalidValue('spec.ingressClassName', ingressClassName, error));
    }
    return [
      ...causes,
      ...rules.flatMap(({ host = '', http }, i) => [
        ...validateHost(host, `spec.rules[${i}].host`),
        ...(http ? validatePaths(http.paths, `spec.rules[${i}].http.paths`) : []),
      ]),
    ];
  },
});

export const ingressClass = declare<IngressClass>({
  group,
  resource: 'ingressclasses',
  kind: 'IngressClass',
  namespaced: false,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Controller', ({ spec }) => spec?.controller ?? '', 'Who carries it out.'),
    column(
      'Parameters',
      ({ spec }) => {
        const { apiGroup, kind, name } = spec?.parameters ?? {};
        if (!kind) return none;
        return `${kind}${apiGroup ? `.${apiGroup}` : ''}/${name}`;
      },
      'What more it needs to know.',
    ),
    ageColumn,
  ],
  defaults: ({ spec }) => {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  },
  validate: ({ spec = {} }, old) => {
    if (!spec.controller) return [required('spec.controller')];
    if (old && !equalJson(spec.controller, old.spec?.controller)) {
      return [invalidValue('spec.controller', spec.controller, 'field is immutable')];
    }
    return [];
  },
});

function validateHost(host: string, field: string): FieldCause[] {
  if (host === '') return [];
  if (isIP(host)) return [invalidValue(field, host, 'must be a DNS name, not an IP address')];
  const name = host.startsWith('*.') ? host.slice(2) : host;
  return dnsSubdomain(name).map((error) => invalidValue(field, host, error));
}

function validatePaths(paths: readonly Path[], field: string): FieldCause[] {
  if (paths.length === 0) return [required(field)];
  return paths.flatMap(({ path = '', pathType, backend }, i) => {
    const at = `${field}[${i}]`;
    const causes: FieldCause[] = [];
    if (!pathTypes.includes(pathType)) {
      causes.push(notSupported(`${at}.pathType`, pathType, pathTypes));
    } else if (!path.startsWith('/') && (path !== '' || pathType !== 'ImplementationSpecific')) {
      causes.push(invalidValue(`${at}.path`, path, 'must be an absolute path'));
    }
    return [...causes, ...validateBackend(backend, `${at}.backend`)];
  });
}

function validateBackend({ service, resource }: Backend, field: string): FieldCause[] {
  if (resource && service) {
    const detail = 'cannot set both resource and service backends';
    return [invalidValue(field, '', detail)];
  }
  if (resource) return [];
  if (!service) return [required(field, 'resource or service backend is required')];
  const causes: FieldCause[] = [];
  if (service.name === '') causes.push(required(`${field}.service.name`));
  else {
    for (const error of dns1035Label(service.name)) {
      causes.push(invalidValue(`${field}.service.name`, service.name, error));
    }
  }
  const { name = '', number = 0 } = service.port ?? {};
  const at = `${field}.service.port`;
  if (name === '' && number === 0) {
    causes.push(required(field, 'port name or number is required'));
  } else if (name !== '' && number !== 0) {
    causes.push(invalidValue(field, '', 'cannot set both port name & port number'));
  } else if (name !== '') {
    causes.push(...portName(name).map((error) => invalidValue(`${at}.name`, name, error)));
  } else if (!validPort(number)) {
    causes.push(invalidValue(`${at}.number`, number, portRule));
  }
  return causes;
}

function hosts({ spec }: Ingress): string {
  const all = (spec?.rules ?? []).map(({ host }) => host || '*');
  if (all.length === 0) return '*';
  const text = all.slice(0, maxHosts).join(',');
  return all.length > maxHosts ? `${text} + ${all.length - maxHosts} more...` : text;
}

function addresses({ status }: Ingress): string {
  const points = status?.loadBalancer?.ingress ?? [];
  return points.map(({ ip, hostname }) => ip || hostname || '').join(',');
}
