import { kubernetesRelease } from '../kubernetes-release.ts';
import type { Resource } from '#shared/api';
import { type Definition, Definitions, type Descriptions } from './definitions.ts';
import { kindExtensions, pathsOf, placeholders } from './paths.ts';

export interface ParameterV2 {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: string;
  readonly required?: boolean;
}

/** OpenAPI v2 as far as clients look: operations with their parameters and kinds, definitions. */
export interface DocumentV2 {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly definitions: Readonly<Record<string, Definition>>;
}

/** All kinds in one document. */
export function buildDocumentV2(
  resources: readonly Resource[],
  descriptions: Descriptions,
): DocumentV2 {
  const definitions = new Definitions(descriptions, 2);
  for (const resource of resources) definitions.add(resource);
  const paths = resources.flatMap(pathsOf).map(({ path, resource, operations }) => [
    path,
    Object.fromEntries(
      operations.map((operation) => [
        operation.method,
        {
          parameters: [
            ...placeholders(path).map((name) => ({
              name,
              in: 'path',
              type: 'string',
              required: true,
            })),
            ...operation.parameters.map(({ name, type }) => ({ name, in: 'query', type })),
          ],
          responses: { 200: { description: 'OK' } },
          ...kindExtensions(resource, operation),
        },
      ]),
    ),
  ]);
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: kubernetesRelease.version },
    paths: Object.fromEntries(paths) as DocumentV2['paths'],
    definitions: Object.fromEntries(definitions.all),
  };
}
