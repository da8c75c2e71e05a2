import { must, QuorateError } from '#shared/base';
import { type KindInfo, qualifiedResource, type Resource, type ResourceRef } from '#shared/api';

const id = (ref: ResourceRef): string => `${ref.group}/${ref.version}/${ref.resource}`;

/** The kinds this server serves now: the built-in ones, and those declared at run time. */
export class KindTable {
  readonly #byRef = new Map<string, Resource>();

  constructor(resources: Iterable<Resource>) {
    for (const resource of resources) this.add(resource);
  }

  add(resource: Resource): void {
    this.#byRef.set(id(resource), resource);
  }

  remove(ref: ResourceRef): void {
    this.#byRef.delete(id(ref));
  }

  all(): Resource[] {
    return [...this.#byRef.values()];
  }

  has(ref: ResourceRef): boolean {
    return this.#byRef.has(id(ref));
  }

  /** Throws `not-found` where no such collection is served. */
  find(ref: ResourceRef): Resource {
    const resource = this.#byRef.get(id(ref));
    if (resource) return resource;
    const version = ref.group === '' ? ref.version : `${ref.group}/${ref.version}`;
    throw new QuorateError(
      'not-found',
      `the server could not find the requested resource (${qualifiedResource(ref)} of ${version})`,
      { details: { group: ref.group, kind: ref.resource } },
    );
  }

  /** For the kinds that the server itself writes. */
  builtin(ref: ResourceRef): Resource {
    return must(this.#byRef.get(id(ref)), `built-in kind ${id(ref)}`);
  }

  infos(): KindInfo[] {
    return this.all().map((resource) => ({
      group: resource.group,
      version: resource.version,
      resource: resource.resource,
      kind: resource.kind,
      singular: resource.singular,
      shortNames: resource.shortNames,
      namespaced: resource.namespaced,
      verbs: resource.verbs,
      categories: resource.categories,
      subresources: resource.subresources,
    }));
  }
}
