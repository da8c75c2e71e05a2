import { posix } from 'node:path';
import type { ConfigMap, Secret } from '#shared/api';
import { QuorateError } from '#shared/base';

export interface FileContent {
  readonly content: Buffer;
  /** Permission bits. */
  readonly mode: number;
}

/** Files of a volume by their paths in it. */
export type Payload = ReadonlyMap<string, FileContent>;

/** A key of an object at a path. */
export interface KeyPath {
  readonly key: string;
  readonly path: string;
  readonly mode?: number | undefined;
}

export interface Selection {
  /** Empty: every key, under its own name. */
  readonly items: readonly KeyPath[];
  readonly defaultMode: number;
  readonly optional: boolean;
}

export function configMapData(map: ConfigMap): Map<string, Buffer> {
  const texts = Object.entries(map.data ?? {}).map(([key, text]) => [key, Buffer.from(text)]);
  const bytes = Object.entries(map.binaryData ?? {}).map(([key, value]) => [key, decoded(value)]);
  return new Map([...texts, ...bytes] as [string, Buffer][]);
}

export const secretData = (secret: Secret): Map<string, Buffer> =>
  new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, decoded(value)]));

/** JSON carries bytes as base64. */
const decoded = (value: unknown): Buffer => Buffer.from(String(value), 'base64');

/** kubelet's words for a key that is not there. */
const missingKey = {
  configMap: 'configmap references non-existent config key',
  secret: 'references non-existent secret key',
} as const;

/** Throws `invalid` where a key that is asked for is not there and not optional. */
export function selectKeys(
  data: ReadonlyMap<string, Buffer>,
  { items, defaultMode, optional }: Selection,
  kind: keyof typeof missingKey,
): Payload {
  if (items.length === 0) {
    return new Map([...data].map(([key, content]) => [key, { content, mode: defaultMode }]));
  }
  const payload = new Map<string, FileContent>();
  for (const { key, path, mode = defaultMode } of items) {
    const content = data.get(key);
    if (content) payload.set(safePath(path), { content, mode });
    else if (!optional) {
      throw new QuorateError('invalid', `${missingKey[kind]}: ${key}`);
    }
  }
  return payload;
}

/** A path that stays in its volume. Throws `invalid` for another. */
export function safePath(path: string): string {
  const normal = posix.normalize(path);
  if (normal.startsWith('/') || normal.split('/').some((part) => part.startsWith('..'))) {
    throw new QuorateError('invalid', `invalid path "${path}": must be relative, without '..'`);
  }
  return normal;
}
