import { isUtf8 } from 'node:buffer';
import type { ConfigMap, Deployment, Namespace, Secret } from '#shared/api';
import { CommandError } from '../command-error.ts';

/** Keys and what they hold, of `--from-literal` and `--from-file`. */
export type Entries = ReadonlyMap<string, Uint8Array>;

export const generateNamespace = (name: string): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
});

/** What is not UTF-8 cannot be text: it goes to `binaryData`. */
export function generateConfigMap(name: string, entries: Entries): ConfigMap {
  const data: Record<string, string> = {};
  const binaryData: Record<string, string> = {};
  for (const [key, bytes] of entries) {
    if (isUtf8(bytes)) data[key] = Buffer.from(bytes).toString();
    else binaryData[key] = base64(bytes);
  }
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    ...(Object.keys(data).length > 0 && { data }),
    ...(Object.keys(binaryData).length > 0 && { binaryData }),
  };
}

export function generateSecret(name: string, entries: Entries, type: string | undefined): Secret {
  const data = Object.fromEntries([...entries].map(([key, bytes]) => [key, base64(bytes)]));
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    ...(type !== undefined && { type }),
    ...(entries.size > 0 && { data }),
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export interface DeploymentOptions {
  readonly image: string;
  readonly replicas: number;
  readonly port: number | undefined;
  readonly command: readonly string[];
}

export function generateDeployment(name: string, options: DeploymentOptions): Deployment {
  const { image, replicas, port, command } = options;
  const labels = { app: name };
  const container = {
    name: containerName(image),
    image,
    ...(command.length > 0 && { command: [...command] }),
    ...(port !== undefined && { ports: [{ containerPort: port }] }),
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}

/** `hello-world` of `registry.example.com/tools/hello_world:1.2`, as kubectl derives it. */
function containerName(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  return last.replace(/[:@].*$/, '').replaceAll('_', '-');
}

/** `key=value` of --from-literal. */
export function parseLiteral(literal: string): readonly [key: string, value: Uint8Array] {
  const [key, value] = splitKey(literal);
  if (key === undefined || key === '') {
    throw new CommandError(`invalid literal source ${literal}, expected key=value`);
  }
  return [key, Buffer.from(value)];
}

/** `key=path` or `path` of --from-file. */
export function splitKey(text: string): readonly [key: string | undefined, rest: string] {
  const equals = text.indexOf('=');
  return equals === -1 ? [undefined, text] : [text.slice(0, equals), text.slice(equals + 1)];
}
