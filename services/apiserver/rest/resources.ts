import { QuorateError } from '#shared/base';
import { badRequest, firstFew, type KubeObject, type Resource, scaleColumns } from '#shared/api';
import type { DeleteOptions, PatchType, WriteOptions } from '#shared/client';
import type { User } from '../auth/user.ts';
import type { Core } from '../core.ts';
import { parseDeleteOptions } from '../registry/options.ts';
import type { Call } from '../requests/call.ts';
import { type Place, selectedName } from '../requests/place.ts';
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
import { booleanParam } from './params.ts';
import { deleteOptions, listOptions, patchOptions, writeOptions } from './query.ts';
import { listOf, sendList } from './send-list.ts';
import { isStream, subresourceInfo } from './subresources.ts';
import type { ResourceTarget } from './target.ts';
import { serveWatch } from './watch.ts';

/** A request for an object or a collection, with all that its verbs need. */
interface RestCall {
  readonly call: Call;
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
  const call = await core.requests.authorize(user, verb, placeOf(target, exchange));
  const resource = findServed(core, target);
  if (resource.deprecated) exchange.warn(resource.deprecated);
  const context: FormContext = {
    resource: target.subresource === 'scale' ? { ...resource, columns: scaleColumns } : resource,
    form: negotiate(exchange.header('accept'), [tableTransform, ...metadataTransforms]),
    nowMs: core.clock.now(),
    includeObject: includeObject(exchange.query),
  };
  const allowed =
    target.subresource === '' ? resource.verbs : subresourceInfo(target.subresource).verbs;
  const needsNamespace = resource.namespaced && target.namespace === '' && !readVerbs.has(verb);
  const needsName = target.name === '' && (verb === 'update' || verb === 'patch');
  if (!allowed.includes(verb) || needsNamespace || needsName) throw methodNotAllowed();
  if (target.subresource === 'proxy') {
    const { serveProxy } = await import('./proxy/proxy.ts');
    return serveProxy(call, exchange, target.proxied, stopping);
  }
  await verbs[verb]({ call, core, exchange, resource, target, context, stopping });
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

const verbs: Readonly<Record<Verb, (request: RestCall) => Promise<void>>> = {
  async get(request) {
    const { call, core, exchange, stopping } = request;
    if (call.place.subresource === 'log') return serveLog(call, exchange, core.clock, stopping);
    answer(request, await call.get());
  },
  async list({ call, core, exchange, target, context }) {
    const list = await call.list(listOptions(exchange.query, target.namespace));
    await sendList(exchange, formList(context, list), contentType(context.form), core.clock);
  },
  watch: ({ call, core, context, exchange, stopping }) =>
    serveWatch(core, call, context, exchange, stopping),
  async create(request) {
    const { call, exchange } = request;
    if (isStream(call.place.subresource)) return serveStream(request);
    const options = writeOptions(exchange, 'CreateOptions');
    answer(request, await call.create(await objectIn(request, options), options), 201);
  },
  async update(request) {
    const { call, exchange } = request;
    const options = writeOptions(exchange, 'UpdateOptions');
    answer(request, await call.update(await objectIn(request, options), options));
  },
  async patch(request) {
    const { call, exchange } = request;
    const type = patchType(exchange.header('content-type'));
    if (type === 'apply') return apply(request);
    const options = patchOptions(exchange, false);
    answer(request, await call.patch(type, await exchange.body(), options));
  },
  async delete(request) {
    const { call, exchange, resource } = request;
    const { object, gone } = await call.delete(await askedOptions(exchange));
    if (!gone || returnsDeleted(resource)) answer(request, object);
    else exchange.json(deleted(resource, object));
  },
  async deletecollection({ call, exchange, target, context }) {
    const selection = listOptions(exchange.query, target.namespace);
    const list = await call.deleteCollection(selection, await askedOptions(exchange));
    exchange.json(listOf(formList(context, list)), 200, contentType(context.form));
  },
};

/** A delete's options: its body's, or where it has none, its query's. */
async function askedOptions(exchange: Exchange): Promise<DeleteOptions> {
  const body = await exchange.body();
  return body === undefined ? deleteOptions(exchange.query) : parseDeleteOptions(body);
}

/** The body of a write: what is in it twice is an error, a warning, or nothing. */
async function objectIn(
  { exchange, resource }: RestCall,
  { fieldValidation, warn }: WriteOptions,
): Promise<unknown> {
  const { kind, version } = resource;
  const twice = (duplicates: readonly string[]): void => {
    if (fieldValidation === 'strict') {
      throw badRequest(
        `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: strict decoding error: ${firstFew(duplicates).join(', ')}`,
      );
    }
    for (const duplicate of firstFew(duplicates)) warn?.(duplicate);
  };
  const body = await exchange.body(fieldValidation === 'ignore' ? undefined : twice);
  if (body !== undefined) return body;
  throw badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)`,
  );
}

async function apply(request: RestCall): Promise<void> {
  const { call, core, exchange } = request;
  const options = patchOptions(exchange, true);
  const { object, created } = await call.apply(await objectIn(request, options), {
    ...options,
    authorizeCreate: async () => {
      await core.requests.authorize(call.user, 'create', call.place);
    },
  });
  answer(request, object, created ? 201 : 200);
}

/** Loaded with the first stream: most requests are none. */
async function serveStream({ call, core, exchange, stopping }: RestCall): Promise<void> {
  if (call.place.subresource === 'portforward') {
    const { servePortForward } = await import('./streams/port-forward.ts');
    return servePortForward(call, exchange, core.clock, stopping);
  }
  const { serveCommand } = await import('./streams/command.ts');
  return serveCommand(call, exchange, core.clock, stopping);
}

function placeOf({ ref, namespace, name, subresource }: ResourceTarget, exchange: Exchange): Place {
  const place = { ref, namespace, name, subresource };
  if (name !== '' || exchange.method === 'POST') return place;
  return { ...place, name: selectedName(exchange.query.get('fieldSelector') ?? undefined) };
}

function answer({ exchange, context }: RestCall, object: KubeObject, code = 200): void {
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

function verbOf({ name, subresource, watch }: ResourceTarget, exchange: Exchange): Verb {
  const { method, query } = exchange;
  if (watch) {
    if (method !== 'GET') throw methodNotAllowed();
    query.set('watch', 'true');
  }
  switch (method) {
    case 'HEAD':
      if (subresource === 'proxy') return 'get';
      throw methodNotAllowed();
    case 'GET':
      if (isStream(subresource)) return 'create';
      if (subresource === 'proxy') return 'get';
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

const patchTypes: Readonly<Record<string, PatchType | 'apply'>> = {
  'application/apply-patch+yaml': 'apply',
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
};

function patchType(header = ''): PatchType | 'apply' {
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
