import type { ConfigMap, KubeObject, Secret } from '#shared/api';
import { formatYaml } from '../print/format.ts';
import { headSection } from './common.ts';
import { formatSection, formatTime } from './text.ts';

export function describeConfigMap(configMap: ConfigMap): string {
  const data = Object.entries(configMap.data ?? {}).map(
    ([key, value]) => `${key}:\n----\n${value}\n\n`,
  );
  const binary = Object.entries(configMap.binaryData ?? {}).map(
    ([key, value]) => `${key}: ${base64Bytes(value)} bytes\n`,
  );
  return `${formatSection(headSection(configMap))}\nData\n====\n${data.join('')}BinaryData\n====\n${binary.join('')}\n`;
}

/** Sizes only: a description is often pasted where a secret must not go. */
export function describeSecret(secret: Secret): string {
  const data = Object.entries(secret.data ?? {}).map(
    ([key, value]) => [key, `${base64Bytes(value)} bytes`] as const,
  );
  return `${formatSection(headSection(secret))}\nType:  ${secret.type ?? 'Opaque'}\n\nData\n====\n${formatSection(data)}`;
}

const base64Bytes = (text: string): number => Buffer.from(text, 'base64').length;

/** A kind without a description of its own: its head, then all of it as YAML. */
export async function describeAny(object: KubeObject): Promise<string> {
  const { metadata, ...rest } = object;
  const created = ['CreationTimestamp', formatTime(metadata?.creationTimestamp)] as const;
  return `${formatSection([...headSection(object), created])}${await formatYaml(rest)}`;
}
