import { QuorateError } from '#shared/base';
import { type KubeObject, type Resource } from '#shared/api';
import type { PatchType } from '#shared/client';
import type { User } from '../auth/user.ts';
import { authorize } from '../auth/authorization.ts';
import type { Core } from '../core.ts';
import { parseDeleteOptions } from '../registry/delete-options.ts';
import { createSubresource } from '../subresource-create.ts';
import { unknownPath } from './discovery.ts';
import type { Exchange } from './exchange.ts';
import { type FormContext, formList, formObject, type IncludeObject } from './forms.ts';
import { serveLog } from './logs.ts';
import {
  contentType,
  metadataTransforms,
  negotiate,
  parseMediaType,
  tableTransform,
} from './negotiate.ts';
import { booleanParam, deleteOptions, listOptions, writeOptions } from './query.ts';
import { subresourceInfo } from './subresources.ts';
import type { ResourceTarget } from './target.ts';
import { serveWatch } from './watch.ts';

/** A request for an object or a collection, with all that its verbs need. */
interface Call {
  readonly core: Core;
  readonly exchange: Exchange;
  readonly resource: Resource;
  readonly target: ResourceTarget;
  readonly context: FormContext;
  readonly stopping: AbortSignal;
}

/** Kubernetes' verbs by HTTP method, over objects and collections. */
export async function serveResource(
  core: Core,
  user: User,
  target: ResourceTarget,
  exchange: Exchange,
  stopping: AbortSignal,
): Promise<void> {
  const verb = verbOf(target, exchange);
  const { ref, namespace, name, subresource } = target;
  const { group } = ref;
  const resourceName = ref.resource;
  authorize(user, {
    type: 'resource',
    verb,
    group,
    resource: resourceName,
    subresource,
    namespace,
    name,
  });
  const resource = findServed(core, target);
  const context: FormContext = {
    resource,
    form: negotiate(exchange.header('accept'), [tableTransform, ...metadataTransforms]),
    nowMs: core.clock.now(),
    includeObject: includeObject(exchange.query),
  };
  const allowed = subresource === '' ? resource.verbs : subresourceInfo(subresource).verbs;
  const needsNamespace = resource.namespaced && namespace === '' && !readVerbs.has(verb);
  if (!allowed.includes(verb) || needsNamespace) throw methodNotAllowed();
  await verbs[verb]({ core, exchange, resource, target, context, stopping });
}

const readVerbs: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

type Verb =
  | 'create'
  | 'delete'
  | 'deletecollection'
  | 'get'
  | 'list'
  | 'patch'
  | 'update'
  | 'watch';

const verbs: Readonly<Record<Verb, (call: Call) => Promise<void>>> = {
  async get(call) {
    const { core, exchange, resource, target, stopping } = call;
    const { namespace, name, subresource } = target;
    if (subresource === 'log') return serveLog(core, target, exchange, stopping);
    answer(call, await core.registry.get(resource, name, namespace, subresource));
  },
  async list({ core, exchange, resource, target, context }) {
    const list = await core.registry.list(resource, listOptions(exchange.query, target.namespace));
    exchange.json(formList(context, list), 200, contentType(context.form));
  },
  watch: ({ core, context, target, exchange, stopping }) =>
    serveWatch(core, context, target, exchange, stopping),
  async create(call) {
    const { core, exchange, resource, target } = call;
    const { namespace, name, subresource } = target;
    const options = { ...writeOptions(exchange.query), namespace, warn: exchange.warn };
    const body = await exchange.body();
    const object = subresource
      ? await createSubresource(core, resource, name, subresource, body, options)
      : await core.registry.create(resource, body, options);
    answer(call, object, 201);
  },
  async update(call) {
    const { core, exchange, resource, target } = call;
    const { namespace, name, subresource } = target;
    const { warn } = exchange;
    const options = { ...writeOptions(exchange.query), namespace, subresource, warn };
    answer(call, await core.registry.update(resource, name, await exchange.body(), options));
  },
  async patch(call) {
    const { core, exchange, resource, target } = call;
    const { namespace, name, subresource } = target;
    const type = patchType(exchange.header('content-type'));
    const { warn } = exchange;
    const options = { ...writeOptions(exchange.query), namespace, subresource, warn };
    const patch = await exchange.body();
    answer(call, await core.registry.patch(resource, name, type, patch, options));
  },
  async delete(call) {
    const { core, exchange, resource, target } = call;
    const { namespace, name } = target;
    const asked = parseDeleteOptions(await exchange.body());
    const options = { ...deleteOptions(exchange.query), ...asked, namespace };
    const { object, gone } = await core.registry.delete(resource, name, options);
    if (!gone || returnsDeleted(resource)) answer(call, object);
    else exchange.json(deleted(resource, object));
  },
  async deletecollection({ core, exchange, resource, target, context }) {
    const asked = parseDeleteOptions(await exchange.body());
    const selection = listOptions(exchange.query, target.namespace);
    const options = { ...deleteOptions(exchange.query), ...asked };
    const list = await core.registry.deleteCollection(resource, selection, options);
    exchange.json(formList(context, list), 200, contentType(context.form));
  },
};

function answer({ exchange, context }: Call, object: KubeObject, code = 200): void {
  // A status of the verb, such as a binding's, has no other form.
  const form = object.kind === 'Status' ? undefined : context.form;
  exchange.json(formObject({ ...context, form }, object), code, contentType(form));
}

/** Kubernetes answers with the object itself for these, with a status for others. */
const returnsDeleted = ({ group, resource }: Resource): boolean =>
  group === '' && (resource === 'pods' || resource === 'services');

function deleted({ group, resource }: Resource, { metadata }: KubeObject): object {
  const { name, uid } = metadata ?? {};
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group && { group }), kind: resource, uid },
  };
}

/** Throws `not-found` where nothing is served at such a path. */
function findServed(
  { kinds }: Core,
  { ref, namespace, name, subresource }: ResourceTarget,
): Resource {
  if (!kinds.has(ref)) throw unknownPath();
  const resource = kinds.find(ref);
  const misplaced = !resource.namespaced && namespace !== '';
  const unplaced = resource.namespaced && namespace === '' && name !== '';
  const unknownView = subresource !== '' && !resource.subresources.includes(subresource);
  if (misplaced || unplaced || unknownView) throw unknownPath();
  return resource;
}

function verbOf({ name }: ResourceTarget, { method, query }: Exchange): Verb {
  switch (method) {
    case 'GET':
      if (booleanParam(query, 'watch') === true) return 'watch';
      return name === '' ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete';
    default:
      throw methodNotAllowed();
  }
}

export const methodNotAllowed = (): QuorateError =>
  new QuorateError(
    'unimplemented',
    'the server does not allow this method on the requested resource',
  );

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
};

function patchType(header = ''): PatchType {
  const { type } = parseMediaType(header);
  const found = Object.hasOwn(patchTypes, type) ? patchTypes[type] : undefined;
  if (found) return found;
  throw new QuorateError(
    'unsupported-media-type',
    `the body of the request was in an unknown format - accepted media types include: ${Object.keys(patchTypes).join(', ')}`,
  );
}

function includeObject(query: URLSearchParams): IncludeObject {
  const asked = query.get('includeObject');
  return asked === 'None' || asked === 'Object' ? asked : 'Metadata';
}
