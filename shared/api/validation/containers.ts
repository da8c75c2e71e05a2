import type { FieldCause } from '#shared/base';
import { duplicate, invalidValue, notSupported, required } from '../causes.ts';
import type { Container, EnvVar } from '../types.ts';
import {
  configMapKey,
  dnsLabel,
  dnsSubdomain,
  envVarName,
  portName,
  portRule,
  validPort,
} from './names.ts';
import { validateHandler, validateProbe } from './probes.ts';
import { validateResources } from './resources.ts';
import { validateMounts } from './volumes.ts';

const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const messagePolicies = ['FallbackToLogsOnError', 'File'];

/** The containers of a pod, `taken` holding names used before; volumes are those the pod declares. */
export function validateContainers(
  containers: readonly Container[],
  volumes: ReadonlySet<string>,
  taken: Set<string>,
  field: string,
): FieldCause[] {
  return containers.flatMap((container, i) => {
    const at = `${field}[${i}]`;
    const causes = validateContainer(container, volumes, at);
    if (taken.has(container.name)) causes.push(duplicate(`${at}.name`, container.name));
    taken.add(container.name);
    return causes;
  });
}

function validateContainer(
  container: Container,
  volumes: ReadonlySet<string>,
  field: string,
): FieldCause[] {
  const { name, image = '', imagePullPolicy = '', terminationMessagePolicy = '' } = container;
  const causes: FieldCause[] = [];
  if (name === '') causes.push(required(`${field}.name`));
  else causes.push(...dnsLabel(name).map((error) => invalidValue(`${field}.name`, name, error)));
  if (image === '') causes.push(required(`${field}.image`));
  else if (image.trim() !== image) {
    const detail = 'must not have leading or trailing whitespace';
    causes.push(invalidValue(`${field}.image`, image, detail));
  }
  if (!pullPolicies.includes(imagePullPolicy)) {
    causes.push(notSupported(`${field}.imagePullPolicy`, imagePullPolicy, pullPolicies));
  }
  if (!messagePolicies.includes(terminationMessagePolicy)) {
    const at = `${field}.terminationMessagePolicy`;
    causes.push(notSupported(at, terminationMessagePolicy, messagePolicies));
  }
  return [
    ...causes,
    ...validatePorts(container.ports ?? [], `${field}.ports`),
    ...validateEnv(container.env ?? [], `${field}.env`),
    ...validateEnvFrom(container.envFrom ?? [], `${field}.envFrom`),
    ...validateMounts(container.volumeMounts ?? [], volumes, `${field}.volumeMounts`),
    ...validateResources(container.resources ?? {}, `${field}.resources`),
    ...validateChecks(container, field),
  ];
}

function validateChecks(container: Container, field: string): FieldCause[] {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle = {} } = container;
  const causes: FieldCause[] = [];
  if (livenessProbe) {
    causes.push(...validateProbe(livenessProbe, 'liveness', `${field}.livenessProbe`));
  }
  if (readinessProbe) {
    causes.push(...validateProbe(readinessProbe, 'readiness', `${field}.readinessProbe`));
  }
  if (startupProbe) {
    causes.push(...validateProbe(startupProbe, 'startup', `${field}.startupProbe`));
  }
  const hooks = ['exec', 'httpGet', 'tcpSocket', 'sleep'] as const;
  for (const key of ['postStart', 'preStop'] as const) {
    const handler = lifecycle[key];
    if (handler) causes.push(...validateHandler(handler, hooks, `${field}.lifecycle.${key}`));
  }
  return causes;
}

function validatePorts(ports: NonNullable<Container['ports']>, field: string): FieldCause[] {
  const names = new Set<string>();
  return ports.flatMap((port, i) => {
    const at = `${field}[${i}]`;
    const causes: FieldCause[] = [];
    if (port.name) {
      for (const error of portName(port.name)) {
        causes.push(invalidValue(`${at}.name`, port.name, error));
      }
      if (names.has(port.name)) causes.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (port.containerPort === 0) causes.push(required(`${at}.containerPort`));
    else if (!validPort(port.containerPort)) {
      causes.push(invalidValue(`${at}.containerPort`, port.containerPort, portRule));
    }
    if (port.hostPort && !validPort(port.hostPort)) {
      causes.push(invalidValue(`${at}.hostPort`, port.hostPort, portRule));
    }
    const { protocol = '' } = port;
    if (!protocols.includes(protocol)) {
      causes.push(notSupported(`${at}.protocol`, protocol, protocols));
    }
    return causes;
  });
}

function validateEnv(env: readonly EnvVar[], field: string): FieldCause[] {
  return env.flatMap((variable, i) => {
    const at = `${field}[${i}]`;
    if (variable.name === '') return [required(`${at}.name`)];
    const causes = envVarName(variable.name).map((error) =>
      invalidValue(`${at}.name`, variable.name, error),
    );
    return [...causes, ...validateEnvSource(variable, `${at}.valueFrom`)];
  });
}

const podFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

const sourceRule =
  'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';

function validateEnvSource({ value, valueFrom }: EnvVar, field: string): FieldCause[] {
  if (!valueFrom) return [];
  const given = Object.values(valueFrom).filter((source) => source !== undefined);
  if (given.length === 0) return [invalidValue(field, '', sourceRule)];
  if (value) return [invalidValue(field, '', 'may not be specified when `value` is not empty')];
  if (given.length > 1) {
    return [invalidValue(field, '', 'may not have more than one field specified at a time')];
  }
  const causes: FieldCause[] = [];
  const path = valueFrom.fieldRef?.fieldPath;
  if (path === '') causes.push(required(`${field}.fieldRef.fieldPath`));
  else if (path !== undefined && !isPodField(path)) {
    causes.push(notSupported(`${field}.fieldRef.fieldPath`, path, podFields));
  }
  for (const kind of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const source = valueFrom[kind];
    if (!source) continue;
    if (!source.name) causes.push(required(`${field}.${kind}.name`));
    if (source.key === '') causes.push(required(`${field}.${kind}.key`));
    else {
      for (const error of configMapKey(source.key)) {
        causes.push(invalidValue(`${field}.${kind}.key`, source.key, error));
      }
    }
  }
  return causes;
}

/** `metadata.labels['app']` and the like count too. */
const isPodField = (path: string): boolean =>
  podFields.includes(path) || /^metadata\.(labels|annotations)\['[^']+'\]$/.test(path);

function validateEnvFrom(sources: NonNullable<Container['envFrom']>, field: string): FieldCause[] {
  return sources.flatMap((source, i) => {
    const at = `${field}[${i}]`;
    const { prefix, configMapRef, secretRef } = source;
    const causes: FieldCause[] = [];
    if (prefix) {
      causes.push(...envVarName(prefix).map((e) => invalidValue(`${at}.prefix`, prefix, e)));
    }
    if (configMapRef && secretRef) {
      causes.push(invalidValue(at, '', 'may not have more than one field specified at a time'));
    } else if (!configMapRef && !secretRef) {
      causes.push(invalidValue(at, '', 'must specify one of: `configMapRef` or `secretRef`'));
    }
    for (const [key, ref] of Object.entries({ configMapRef, secretRef })) {
      if (!ref) continue;
      if (!ref.name) causes.push(required(`${at}.${key}.name`));
      else {
        for (const error of dnsSubdomain(ref.name)) {
          causes.push(invalidValue(`${at}.${key}.name`, ref.name, error));
        }
      }
    }
    return causes;
  });
}
