import type { ConfigMap, Container, EnvVar, Pod, Secret } from '#shared/api';
import { QuorateError } from '#shared/base';
import { containerOf, type DownwardContext, fieldText } from './downward.ts';
import { expand } from './expand.ts';
import { resourceFieldValue } from './resource-field.ts';

/** ConfigMaps and Secrets of the pod's namespace; undefined where there is none of that name. */
export interface EnvironmentSources {
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
}

export interface EnvironmentContext extends DownwardContext {
  /** PATH and what else every process here starts with. */
  readonly base: Readonly<Record<string, string>>;
  /** Of the Services there are. */
  readonly services: Readonly<Record<string, string>>;
  readonly sources: EnvironmentSources;
}

type Variables = Record<string, string>;

/**
 * The whole environment of a container: the base, the Services, what a server needs to bind its own
 * address, envFrom, then env in order, where each value may refer to the ones before it. Throws `invalid`
 * with kubelet's message where something that is not optional is missing.
 */
export async function containerEnvironment(
  container: Container,
  context: EnvironmentContext,
): Promise<Variables> {
  const { pod, base, services, podIp } = context;
  const { name = '', namespace = '' } = pod.metadata ?? {};
  const variables: Variables = {
    ...base,
    ...services,
    HOSTNAME: podHostname(pod),
    POD_IP: podIp,
    POD_NAME: name,
    POD_NAMESPACE: namespace,
  };
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const data: Variables = {};
    if (configMapRef) Object.assign(data, await configData(configMapRef, context));
    if (secretRef) Object.assign(data, await secretData(secretRef, context));
    for (const [key, value] of Object.entries(data)) variables[prefix + key] = value;
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable, variables, container, context);
    if (value !== undefined) variables[variable.name] = value;
  }
  return variables;
}

/** As kubelet has it: at most 63 characters of the pod's name, where its spec says nothing else. */
export function podHostname({ metadata, spec }: Pod): string {
  return spec?.hostname ?? (metadata?.name ?? '').slice(0, 63).replace(/[-.]+$/, '');
}

/** Undefined: an optional reference to nothing; the variable is then not set. */
async function valueOf(
  { value, valueFrom }: EnvVar,
  variables: Variables,
  container: Container,
  context: EnvironmentContext,
): Promise<string | undefined> {
  if (!valueFrom) return expand(value ?? '', variables);
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = valueFrom;
  if (configMapKeyRef) {
    const data = await configData(configMapKeyRef, context);
    return keyOf(data, 'ConfigMap', configMapKeyRef, context);
  }
  if (secretKeyRef) {
    return keyOf(await secretData(secretKeyRef, context), 'Secret', secretKeyRef, context);
  }
  if (fieldRef) return fieldText(fieldRef.fieldPath, context);
  if (resourceFieldRef) {
    const of = containerOf(context.pod, resourceFieldRef.containerName) ?? container;
    return resourceFieldValue(resourceFieldRef, of, context.allocatable);
  }
  return '';
}

interface Reference {
  name?: string;
  optional?: boolean;
}

async function configData(
  { name = '', optional }: Reference,
  { sources }: EnvironmentContext,
): Promise<Variables | undefined> {
  const map = await sources.configMap(name);
  if (map) return map.data ?? {};
  if (optional) return undefined;
  throw new QuorateError('invalid', `configmap "${name}" not found`);
}

async function secretData(
  { name = '', optional }: Reference,
  { sources }: EnvironmentContext,
): Promise<Variables | undefined> {
  const secret = await sources.secret(name);
  if (secret) {
    const entries = Object.entries(secret.data ?? {});
    return Object.fromEntries(
      entries.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
  }
  if (optional) return undefined;
  throw new QuorateError('invalid', `secret "${name}" not found`);
}

function keyOf(
  data: Variables | undefined,
  kind: string,
  { name = '', key, optional }: Reference & { key: string },
  { pod }: EnvironmentContext,
): string | undefined {
  if (data && Object.hasOwn(data, key)) return data[key];
  if (optional) return undefined;
  const where = `${pod.metadata?.namespace ?? ''}/${name}`;
  throw new QuorateError('invalid', `couldn't find key ${key} in ${kind} ${where}`);
}
