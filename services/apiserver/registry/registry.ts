import { QuorateError, type Rng } from '#shared/base';
import {
  badRequest,
  conflict,
  createdBy,
  forbiddenTo,
  type KubeObject,
  methodNotSupported,
  notFound,
  prepareCreate,
  requestedObject,
  storageKey,
  type Resource,
  trackUpdate,
  withEntries,
  type Writer,
} from '#shared/api';
import type {
  DeleteOptions,
  DeleteResult,
  ListOptions,
  ObjectList,
  PatchType,
  WriteOptions,
} from '#shared/client';
import type { Clock } from '#shared/clock';
import { type ApplyOptions, applied, applierOf, checkConfiguration } from './apply.ts';
import { applyPatch, asObject, bodyNamespace, checkName } from './bodies.ts';
import { decideDeletion, settle, timestamp } from './deletion.ts';
import { checkNamespace, checkPathSegment } from './keys.ts';
import { type Lister, listObjects } from './list.ts';
import type { ObjectStore } from './object-store.ts';
import type { Gate, Gated } from './gate.ts';
import { nameSuffix } from './names.ts';
import { findSubresource, readBody, type Reading } from './subresources.ts';

/** A generated name that is taken is drawn again this many times, as in Kubernetes. */
const generateNameTries = 8;

/** How often an apply meets an object that comes and goes before it gives up. */
const applyTries = 8;

/** These are part of the cluster itself. */
const immortalNamespaces = new Set(['default', 'kube-system', 'kube-public']);

export interface RegistryDeps {
  readonly objects: ObjectStore;
  readonly lister: Lister;
  readonly clock: Clock;
  readonly rng: Rng;
  /** A new RFC 4122 UUID. */
  readonly uuid: () => string;
}

/**
 * The generic registry: every verb, for every kind, by its declaration. Bodies are any JSON; what
 * is wrong with one is answered before anything is written. Knows nothing of transports.
 */
export class Registry {
  readonly #deps: RegistryDeps;

  constructor(deps: RegistryDeps) {
    this.#deps = deps;
  }

  async get(
    resource: Resource,
    name: string,
    namespace?: string,
    subresource = '',
  ): Promise<KubeObject> {
    const view = findSubresource(resource, subresource);
    const object = await this.#find(resource, ...this.#place(resource, name, namespace));
    if (!object) throw notFound(resource, name);
    return view.project(object);
  }

  list(resource: Resource, options: ListOptions): Promise<ObjectList> {
    return listObjects(this.#deps.lister, resource, options);
  }

  async create(
    resource: Resource,
    body: unknown,
    options: WriteOptions & Gated,
  ): Promise<KubeObject> {
    const read = readBody(resource, body, options);
    const given = read.metadata ?? {};
    if (given.resourceVersion) {
      throw badRequest('resourceVersion should not be set on objects to be created');
    }
    const namespace = bodyNamespace(resource, read, options.namespace);
    const object = (await options.gate?.mutate(read)) ?? read;
    const writer = this.#writer(options);
    const generated = !given.name && given.generateName;
    for (let tries = 1; ; tries++) {
      const prepared = this.#newObject(resource, object, namespace);
      const { managedFields } = given;
      // As it came: what admission and the kind add by themselves belongs to nobody.
      const asked = requestedObject(resource, read);
      const owned = trackUpdate(resource, undefined, asked, writer, managedFields);
      const tracked = withEntries(prepared, owned.metadata?.managedFields);
      await options.gate?.validate(tracked, undefined);
      try {
        return await this.#deps.objects.insert(resource, tracked, options);
      } catch (thrown) {
        const drawAgain = generated && tries < generateNameTries;
        if (!drawAgain || !QuorateError.is(thrown, 'already-exists')) throw thrown;
      }
    }
  }

  async update(
    resource: Resource,
    name: string,
    body: unknown,
    options: WriteOptions & Gated,
  ): Promise<KubeObject> {
    const view = findSubresource(resource, options.subresource ?? '');
    const object = asObject(body);
    if (!name) throw badRequest('metadata.name: Required value: name is required');
    checkName(object, name);
    const namespace = bodyNamespace(resource, object, options.namespace);
    checkPathSegment('name', name);
    const expect = object.metadata?.resourceVersion;
    const writer = this.#writer(options);
    const once = { ...warnOnce(options), now: writer.now };
    const { managedFields } = object.metadata ?? {};
    const { object: stored } = await this.#deps.objects.mutate(
      resource,
      namespace,
      name,
      async (current) => {
        const next = view.replace(body, current, once);
        await options.gate?.validate(next, current);
        return settle(resource, trackUpdate(resource, current, next, writer, managedFields));
      },
      { ...options, ...(expect && { expect }) },
    );
    return view.project(stored);
  }

  /** Without a resourceVersion in it, a patch is applied again to whatever is there. */
  async patch(
    resource: Resource,
    name: string,
    type: PatchType,
    patch: unknown,
    options: WriteOptions & Gated,
  ): Promise<KubeObject> {
    const view = findSubresource(resource, options.subresource ?? '');
    const place = this.#place(resource, name, options.namespace);
    const writer = this.#writer(options);
    const once = { ...warnOnce(options), now: writer.now };
    // They are larger than most objects: only a patch that names them gets to see them.
    const aboutManagers = JSON.stringify(patch ?? null).includes('managedFields');
    const { object: stored } = await this.#deps.objects.mutate(
      resource,
      ...place,
      async (current) => {
        const target = view.project(aboutManagers ? current : withEntries(current, undefined));
        const body = asObject(applyPatch(resource, target, type, patch));
        checkName(body, name);
        bodyNamespace(resource, body, place[0]);
        const asked = body.metadata?.resourceVersion;
        if (asked && asked !== current.metadata?.resourceVersion) throw conflict(resource, name);
        const next = view.replace(body, current, once);
        await options.gate?.validate(next, current);
        const managedFields = aboutManagers ? body.metadata?.managedFields : undefined;
        return settle(resource, trackUpdate(resource, current, next, writer, managedFields));
      },
      options,
    );
    return view.project(stored);
  }

  /** Server-side apply: creates what is not there, and merges by who owns which field. */
  async apply(
    resource: Resource,
    name: string,
    body: unknown,
    options: ApplyOptions & Gated & { readonly createGate?: Gate | undefined },
  ): Promise<{ object: KubeObject; created: boolean }> {
    const subresource = options.subresource ?? '';
    const view = findSubresource(resource, subresource);
    const given = asObject(body);
    checkName(given, name);
    const namespace = bodyNamespace(resource, given, options.namespace);
    checkPathSegment('name', name);
    const isScale = subresource === 'scale';
    const config = isScale ? given : readBody(resource, given, warnOnce(options));
    checkConfiguration(config);
    const applier = applierOf(options, timestamp(this.#deps.clock.now()));
    for (let tries = 1; ; tries++) {
      try {
        const { object } = await this.#deps.objects.mutate(
          resource,
          namespace,
          name,
          async (current) => {
            const next = applied(resource, view, current, config, applier);
            await options.gate?.validate(next, current);
            return settle(resource, next);
          },
          options,
        );
        return { object: view.project(object), created: false };
      } catch (thrown) {
        const absent = QuorateError.is(thrown, 'not-found') && subresource === '';
        if (!absent || tries > applyTries) throw thrown;
      }
      try {
        await options.authorizeCreate?.();
        const named = { ...config, metadata: { ...config.metadata, name, namespace } };
        const completed = (await options.createGate?.mutate(named)) ?? named;
        const managedFields = createdBy(resource, named, applier);
        const anew = withEntries(this.#newObject(resource, completed, namespace), managedFields);
        await options.createGate?.validate(anew, undefined);
        const object = await this.#deps.objects.insert(resource, anew, options);
        return { object, created: true };
      } catch (thrown) {
        // Somebody created it in between: then it is there to be merged with.
        if (!QuorateError.is(thrown, 'already-exists') || tries > applyTries) throw thrown;
      }
    }
  }

  /** For the server's own parts: a change by function, written as the object's own update. */
  async change(
    resource: Resource,
    namespace: string,
    name: string,
    change: (current: KubeObject) => KubeObject,
    options: WriteOptions = {},
  ): Promise<KubeObject> {
    const { object } = await this.#deps.objects.mutate(
      resource,
      namespace,
      name,
      (current) => settle(resource, change(current)),
      options,
    );
    return object;
  }

  /** Stores an object that was prepared already. */
  insert(resource: Resource, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    return this.#deps.objects.insert(resource, object, options);
  }

  async delete(
    resource: Resource,
    name: string,
    options: DeleteOptions & Gated,
  ): Promise<DeleteResult> {
    const place = this.#place(resource, name, options.namespace);
    if (isNamespace(resource) && immortalNamespaces.has(name)) {
      throw forbiddenTo(resource, name, 'this namespace may not be deleted');
    }
    // As Kubernetes takes it: a second.
    const negative = (options.gracePeriodSeconds ?? 0) < 0 && { gracePeriodSeconds: 1 };
    const nowMs = this.#deps.clock.now();
    return this.#deps.objects.mutate(
      resource,
      ...place,
      async (current) => {
        await options.gate?.validate(undefined, current);
        return decideDeletion(resource, current, { ...options, ...negative }, nowMs);
      },
      options,
    );
  }

  /**
   * Deletes what the selectors select, one by one, as Kubernetes does: not in one step, and what
   * comes later stays. Resolves to the objects as they were last.
   */
  async deleteCollection(
    resource: Resource,
    selection: ListOptions,
    options: DeleteOptions & Gated,
  ): Promise<ObjectList> {
    if (isNamespace(resource)) throw methodNotSupported(resource, 'deletecollection');
    const list = await this.list(resource, selection);
    const deleted = await Promise.all(
      list.items.map(async ({ metadata }) => {
        const namespace = metadata?.namespace;
        try {
          return await this.delete(resource, metadata?.name ?? '', { ...options, namespace });
        } catch (thrown) {
          // Somebody else was faster.
          if (QuorateError.is(thrown, 'not-found')) return undefined;
          throw thrown;
        }
      }),
    );
    return { ...list, items: deleted.flatMap((each) => (each ? [each.object] : [])) };
  }

  async #find(
    resource: Resource,
    namespace: string,
    name: string,
  ): Promise<KubeObject | undefined> {
    const { lister, objects } = this.#deps;
    const fresh = await lister.cached(resource, 'fresh');
    if (!fresh) return (await objects.read(resource, namespace, name))?.object;
    return fresh.get(storageKey(resource, name, namespace))?.object;
  }

  #newObject(resource: Resource, object: KubeObject, namespace: string): KubeObject {
    const { clock, rng, uuid } = this.#deps;
    return prepareCreate(resource, object, {
      namespace,
      uid: uuid(),
      now: timestamp(clock.now()),
      suffix: nameSuffix(rng),
    });
  }

  #writer({ fieldManager, subresource = '' }: WriteOptions): Writer {
    const manager = fieldManager || 'unknown';
    return { manager, subresource, now: timestamp(this.#deps.clock.now()) };
  }

  /** Where an object is, checked: namespace ('' for cluster-scoped kinds) and name. */
  #place(resource: Resource, name: string, namespace?: string): [string, string] {
    if (!name) throw badRequest('name: Required value: name is required');
    checkPathSegment('name', name);
    return [checkNamespace(resource, namespace), name];
  }
}

const isNamespace = ({ group, resource }: Resource): boolean =>
  group === '' && resource === 'namespaces';

/** A decision may be made several times; what it has to say is said once. */
function warnOnce({ fieldValidation, warn }: WriteOptions): Reading {
  const told = new Set<string>();
  return {
    fieldValidation,
    warn(warning) {
      if (told.has(warning)) return;
      told.add(warning);
      warn?.(warning);
    },
  };
}
