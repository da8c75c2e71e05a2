import { kubernetesRelease } from '../kubernetes-release.ts';
import type { Resource } from '#shared/api';
import { type Definition, Definitions, type Descriptions } from './definitions.ts';
import { kindExtensions, type Operation, type PathInfo, pathsOf, placeholders } from './paths.ts';

/** One group and version. */
export function buildDocumentV3(
  resources: readonly Resource[],
  descriptions: Descriptions,
): object {
  const definitions = new Definitions(descriptions, 3);
  const names = new Map(resources.map((resource) => [resource, definitions.add(resource)]));
  const paths = resources
    .flatMap(pathsOf)
    .map((info) => [info.path, pathItem(info, names.get(info.resource) ?? '')]);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: kubernetesRelease.version },
    paths: Object.fromEntries(paths) as Definition,
    components: { schemas: Object.fromEntries(definitions.all) },
  };
}

function pathItem({ path, resource, operations }: PathInfo, definition: string): object {
  const schema = { $ref: `#/components/schemas/${definition}` };
  return {
    parameters: placeholders(path).map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string', uniqueItems: true },
    })),
    ...Object.fromEntries(
      operations.map((operation) => [
        operation.method,
        {
          ...body(operation, schema),
          parameters: operation.parameters.map(({ name, type }) => ({
            name,
            in: 'query',
            schema: { type, uniqueItems: true },
          })),
          responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
          ...kindExtensions(resource, operation),
        },
      ]),
    ),
  };
}

function body({ method }: Operation, schema: object): object {
  if (method === 'post' || method === 'put') {
    return { requestBody: { content: { 'application/json': { schema } }, required: true } };
  }
  if (method !== 'patch') return {};
  const types = ['json-patch', 'merge-patch', 'strategic-merge-patch'];
  const content = types.map((type) => [
    `application/${type}+json`,
    { schema: { type: type === 'json-patch' ? 'array' : 'object' } },
  ]);
  return { requestBody: { content: Object.fromEntries(content) as object, required: true } };
}
