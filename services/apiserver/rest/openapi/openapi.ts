import { createHash } from 'node:crypto';
import { groupVersion, type Resource } from '#shared/api';
import type { KindTable } from '../../registry/kinds.ts';
import type { Exchange } from '../exchange.ts';
import { loadDescriptions } from './descriptions.ts';
import { buildDocumentV2 } from './v2.ts';
import { encodeDocumentV2 } from './v2-protobuf.ts';
import { buildDocumentV3 } from './v3.ts';

const v2 = '/openapi/v2';
const v3 = '/openapi/v3';
/** The only form of version 2 that client-go asks for. */
const v2Protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

interface Document {
  readonly bytes: Buffer;
  /** Of the bytes: part of an address that clients may keep for ever. */
  readonly hash: string;
}

/** The OpenAPI documents of a server, each made when first asked for. */
export class OpenApi {
  readonly #kinds: KindTable;
  #documents = new Map<string, Document>();
  /** Which kinds the documents show. */
  #shown = '';

  constructor(kinds: KindTable) {
    this.#kinds = kinds;
  }

  /** False for paths that name no document. */
  async serve(path: string, exchange: Exchange): Promise<boolean> {
    this.#forgetOld();
    const all = this.#kinds.all();
    if (path === v2) {
      const asProtobuf = exchange.header('accept')?.includes('proto-openapi') === true;
      const type = asProtobuf ? v2Protobuf : 'application/json';
      const { bytes } = await this.#document(type, async () => {
        const document = buildDocumentV2(all, await loadDescriptions());
        return asProtobuf ? encodeDocumentV2(document) : toBytes(document);
      });
      exchange.cacheable(bytes, type);
      return true;
    }
    const groups = Map.groupBy(all, documentName);
    const document = (name: string, resources: readonly Resource[]): Promise<Document> =>
      this.#document(name, async () =>
        toBytes(buildDocumentV3(resources, await loadDescriptions())),
      );
    if (path === v3) {
      const paths: Record<string, object> = {};
      for (const [name, resources] of groups) {
        const { hash } = await document(name, resources);
        paths[name] = { serverRelativeURL: `${v3}/${name}?hash=${hash}` };
      }
      exchange.cacheable(toBytes({ paths }), 'application/json');
      return true;
    }
    const name = path.startsWith(`${v3}/`) ? path.slice(v3.length + 1) : '';
    const resources = groups.get(name);
    if (!resources) return false;
    exchange.cacheable((await document(name, resources)).bytes, 'application/json');
    return true;
  }

  async #document(name: string, build: () => Promise<Buffer>): Promise<Document> {
    const known = this.#documents.get(name);
    if (known) return known;
    const bytes = await build();
    const hash = createHash('sha256').update(bytes).digest('hex').toUpperCase();
    const document = { bytes, hash };
    this.#documents.set(name, document);
    return document;
  }

  /** Kinds may come and go at run time. */
  #forgetOld(): void {
    const shown = this.#kinds
      .all()
      .map(({ group, version, kind }) => `${group}/${version}/${kind}`)
      .join();
    if (shown !== this.#shown) this.#documents = new Map();
    this.#shown = shown;
  }
}

const openApis = new WeakMap<KindTable, OpenApi>();

/** The documents of these kinds, which every request for one shares. */
export function openApiOf(kinds: KindTable): OpenApi {
  const openApi = openApis.get(kinds) ?? new OpenApi(kinds);
  openApis.set(kinds, openApi);
  return openApi;
}

const toBytes = (document: object): Buffer => Buffer.from(JSON.stringify(document));

const documentName = (resource: Resource): string =>
  `${resource.group === '' ? 'api' : 'apis'}/${groupVersion(resource)}`;
