import { createHash } from 'node:crypto';
import { groupVersion, type Resource } from '#shared/api';
import type { KindTable } from '../../registry/kinds.ts';
import { unknownPath } from '../discovery.ts';
import type { Exchange } from '../exchange.ts';
import { type Definition, Definitions, type Descriptions } from './definitions.ts';
import { kindExtensions, type Operation, type PathInfo, pathsOf, placeholders } from './paths.ts';

const root = '/openapi/v3';

/** The OpenAPI v3 documents of every group and version, made when first asked for. */
export class OpenApiV3 {
  readonly #kinds: KindTable;
  /** By `api/v1`, `apis/apps/v1`, …; made anew where kinds came or went. */
  #documents = new Map<string, { readonly kinds: string; readonly bytes: Buffer; hash: string }>();

  constructor(kinds: KindTable) {
    this.#kinds = kinds;
  }

  /** `/openapi/v3` and what is below it; throws `not-found` for what is not. */
  async serve(path: string, exchange: Exchange): Promise<void> {
    const groups = Map.groupBy(this.#kinds.all(), documentName);
    if (path === root) {
      const paths: Record<string, object> = {};
      for (const [name, resources] of groups) {
        const { hash } = await this.#document(name, resources);
        paths[name] = { serverRelativeURL: `${root}/${name}?hash=${hash}` };
      }
      exchange.cacheable(Buffer.from(JSON.stringify({ paths })), 'application/json');
      return;
    }
    const name = path.slice(root.length + 1);
    const resources = groups.get(name);
    if (!resources) throw unknownPath();
    exchange.cacheable((await this.#document(name, resources)).bytes, 'application/json');
  }

  async #document(name: string, resources: readonly Resource[]) {
    const kinds = resources.map(({ kind }) => kind).join();
    const known = this.#documents.get(name);
    if (known?.kinds === kinds) return known;
    const descriptions = await loadDescriptions();
    const bytes = Buffer.from(JSON.stringify(buildDocument(resources, descriptions)));
    const hash = createHash('sha256').update(bytes).digest('hex').toUpperCase();
    const document = { kinds, bytes, hash };
    this.#documents.set(name, document);
    return document;
  }
}

/** Half a megabyte of text, for those who ask. */
export async function loadDescriptions(): Promise<Descriptions> {
  const { default: texts } = await import('../../../../shared/api/gen/descriptions.json', {
    with: { type: 'json' },
  });
  return texts;
}

const documentName = (resource: Resource): string =>
  `${resource.group === '' ? 'api' : 'apis'}/${groupVersion(resource)}`;

/** One group and version. */
export function buildDocument(resources: readonly Resource[], descriptions: Descriptions): object {
  const definitions = new Definitions(descriptions, '#/components/schemas/');
  const names = new Map(resources.map((resource) => [resource, definitions.add(resource)]));
  const paths = resources
    .flatMap(pathsOf)
    .map((info) => [info.path, pathItem(info, names.get(info.resource) ?? '')]);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.31.0' },
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
