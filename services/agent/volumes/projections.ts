import {
  type ConfigMap,
  type KubeObject,
  type Pod,
  type PodSpec,
  refs,
  type ResourceRef,
  type Secret,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import { containerOf, type DownwardContext, fieldText } from '../pods/downward.ts';
import { resourceFieldValue } from '../pods/resource-field.ts';
import {
  configMapData,
  type FileContent,
  type KeyPath,
  type Payload,
  safePath,
  secretData,
  selectKeys,
} from './payload.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import type { WatchedObjects } from './watched-objects.ts';

type Volume = NonNullable<PodSpec['volumes']>[number];
type DownwardItems = NonNullable<NonNullable<Volume['downwardAPI']>['items']>;
type Source = NonNullable<NonNullable<Volume['projected']>['sources']>[number];
type TokenSource = NonNullable<Source['serviceAccountToken']>;

export interface ProjectionDeps {
  readonly objects: WatchedObjects;
  readonly tokens: ServiceAccountTokens;
  /** How long an API server that does not answer is waited for. */
  readonly patienceMs: number;
}

/** What a volume holds now, and until when that is known to stay so. */
export interface Projection {
  readonly payload: Payload;
  /** Milliseconds since the epoch. */
  readonly validUntil?: number | undefined;
}

const fileMode = 0o644;

/** The files of a volume that shows parts of the API; undefined for one of another kind. */
export async function project(
  volume: Volume,
  context: DownwardContext,
  deps: ProjectionDeps,
): Promise<Projection | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap)
    return only(await ofConfigMap(configMap, context.pod, deps, configMap.defaultMode));
  if (secret) {
    const { secretName: name, ...rest } = secret;
    const given = name === undefined ? rest : { ...rest, name };
    return only(await ofSecret(given, context.pod, deps, secret.defaultMode));
  }
  if (downwardAPI) {
    return only(ofDownward(downwardAPI.items ?? [], context, downwardAPI.defaultMode));
  }
  if (!projected) return undefined;
  const payload = new Map<string, FileContent>();
  let validUntil: number | undefined;
  for (const source of projected.sources ?? []) {
    const part = await ofSource(source, context, deps, projected.defaultMode);
    for (const [path, file] of part.payload) payload.set(path, file);
    validUntil = Math.min(validUntil ?? Infinity, part.validUntil ?? Infinity);
  }
  return { payload, validUntil };
}

const only = (payload: Payload): Projection => ({ payload });

async function ofSource(
  { configMap, secret, downwardAPI, serviceAccountToken }: Source,
  context: DownwardContext,
  deps: ProjectionDeps,
  mode: number | undefined,
): Promise<Projection> {
  const { pod } = context;
  if (configMap) return only(await ofConfigMap(configMap, pod, deps, mode));
  if (secret) return only(await ofSecret(secret, pod, deps, mode));
  if (downwardAPI) return only(ofDownward(downwardAPI.items ?? [], context, mode));
  if (serviceAccountToken) return await ofToken(serviceAccountToken, pod, deps, mode);
  throw new QuorateError('invalid', 'this kind of projected source is not supported');
}

interface KeySource {
  readonly name?: string;
  readonly items?: KeyPath[];
  readonly optional?: boolean;
}

async function ofConfigMap(
  source: KeySource,
  pod: Pod,
  deps: ProjectionDeps,
  mode: number | undefined,
): Promise<Payload> {
  const map = await found<ConfigMap>(refs.configMaps, 'configmap', source, pod, deps);
  return map ? selectKeys(configMapData(map), selection(source, mode), 'configMap') : new Map();
}

async function ofSecret(
  source: KeySource,
  pod: Pod,
  deps: ProjectionDeps,
  mode: number | undefined,
): Promise<Payload> {
  const secret = await found<Secret>(refs.secrets, 'secret', source, pod, deps);
  return secret ? selectKeys(secretData(secret), selection(source, mode), 'secret') : new Map();
}

const selection = ({ items = [], optional = false }: KeySource, defaultMode = fileMode) => ({
  items,
  optional,
  defaultMode,
});

/** Throws `invalid` where it is not there and not optional. */
async function found<T extends KubeObject>(
  ref: ResourceRef,
  title: string,
  { name = '', optional }: KeySource,
  { metadata: { uid = '', namespace = '' } = {} }: Pod,
  { objects, patienceMs }: ProjectionDeps,
): Promise<T | undefined> {
  const object = await objects.get<T>(uid, ref, name, namespace, patienceMs);
  if (object || optional) return object;
  throw new QuorateError('invalid', `${title} "${name}" not found`);
}

function ofDownward(
  items: DownwardItems,
  context: DownwardContext,
  defaultMode = fileMode,
): Payload {
  const payload = new Map<string, FileContent>();
  for (const { path, fieldRef, resourceFieldRef, mode = defaultMode } of items) {
    const container = containerOf(context.pod, resourceFieldRef?.containerName) ?? { name: '' };
    const text = resourceFieldRef
      ? resourceFieldValue(resourceFieldRef, container, context.allocatable)
      : fieldText(fieldRef?.fieldPath ?? '', context);
    payload.set(safePath(path), { content: Buffer.from(text), mode });
  }
  return payload;
}

const tokenSeconds = 3600;

async function ofToken(
  { audience = '', expirationSeconds = tokenSeconds, path }: TokenSource,
  pod: Pod,
  { tokens }: ProjectionDeps,
  mode = fileMode,
): Promise<Projection> {
  const { text, renewAt } = await tokens.get(pod, audience, expirationSeconds);
  const payload = new Map([[safePath(path), { content: Buffer.from(text), mode }]]);
  return { payload, validUntil: renewAt };
}
