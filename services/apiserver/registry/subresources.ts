import {
  badRequest,
  type CertificateSigningRequest,
  decodeObject,
  type Deployment,
  formatLabels,
  type KubeObject,
  type LabelSelector,
  labelSelectorMatcher,
  methodNotSupported,
  type Namespace,
  prepareEphemeralContainers,
  prepareStatusUpdate,
  prepareUpdate,
  timedConditions,
  type Resource,
} from '#shared/api';
import type { WriteOptions } from '#shared/client';

/** How unknown fields of a body are met; absent: as errors. */
export type Reading = Pick<WriteOptions, 'fieldValidation' | 'warn'>;

/** How a body that replaces something is read, and when: RFC 3339. */
export interface Replacing extends Reading {
  readonly now: string;
}

/** A body as an object of this kind; tells the caller's `warn` of what it may want to hear. */
export function readBody(resource: Resource, body: unknown, reading: Reading = {}): KubeObject {
  const { object, warnings } = decodeObject(resource, body, reading.fieldValidation);
  for (const warning of warnings) reading.warn?.(warning);
  return object;
}

/** A view of an object that can be read and replaced by itself. `''` is the object. */
export interface Subresource {
  project(object: KubeObject): KubeObject;
  /** The object to store when `body` replaces this view of `old`. */
  replace(body: unknown, old: KubeObject, reading: Replacing): KubeObject;
}

/** Throws `unimplemented` where the kind has no such subresource that could be read or replaced. */
export function findSubresource(resource: Resource, name: string): Subresource {
  if (name === '') return whole(resource);
  if (resource.subresources.includes(name)) {
    if (name === 'status') return status(resource);
    if (name === 'scale') return scale(resource);
    if (name === 'approval') return approval(resource);
    if (name === 'finalize') return finalize(resource);
    if (name === 'ephemeralcontainers') return ephemeralContainers(resource);
  }
  throw methodNotSupported({ ...resource, resource: `${resource.resource}/${name}` }, 'this verb');
}

const whole = (resource: Resource): Subresource => ({
  project: (object) => object,
  replace: (body, old, reading) => prepareUpdate(resource, readBody(resource, body, reading), old),
});

const status = (resource: Resource): Subresource => ({
  project: (object) => object,
  replace: (body, old, reading) =>
    prepareStatusUpdate(resource, readBody(resource, body, reading), old),
});

/** Only whether a request for a certificate is granted. */
const approval = (resource: Resource): Subresource => ({
  project: (object) => object,
  replace(body, old, reading) {
    const given = readBody(resource, body, reading) as CertificateSigningRequest;
    const { status } = old as CertificateSigningRequest;
    const asked = given.status?.conditions ?? [];
    const conditions = timedConditions(asked, status?.conditions ?? [], reading.now);
    const next: CertificateSigningRequest = { ...given, status: { ...status, conditions } };
    return prepareStatusUpdate(resource, next, old);
  },
});

/** Only what was added to a pod to look around in it. */
const ephemeralContainers = (resource: Resource): Subresource => ({
  project: (object) => object,
  replace: (body, old, reading) =>
    prepareEphemeralContainers(resource, readBody(resource, body, reading), old),
});

/** Only a namespace's spec.finalizers: its controller takes `kubernetes` away when it is empty. */
const finalize = (resource: Resource): Subresource => ({
  project: (object) => object,
  replace(body, old, reading) {
    const given = readBody(resource, body, reading) as Namespace;
    const { spec } = old as Namespace;
    const finalizers = given.spec?.finalizers ?? [];
    return { ...old, spec: { ...spec, finalizers } } as KubeObject;
  },
});

/** A selector is an object of its own, or just labels in older kinds. */
function selectorText(selector: object | undefined): string {
  const { matchLabels, matchExpressions } = (selector ?? {}) as LabelSelector;
  if (isObject(matchLabels) || Array.isArray(matchExpressions)) {
    return labelSelectorMatcher(selector).toString();
  }
  return formatLabels(selector as Record<string, string> | undefined);
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

interface Scale extends KubeObject {
  spec?: { replicas?: number };
}

/** autoscaling/v1 Scale of a kind with spec.replicas and spec.selector. */
const scale = (resource: Resource): Subresource => ({
  project(object) {
    const { metadata, spec, status } = object as Deployment;
    const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata ?? {};
    return {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
      // None is not written, as everywhere in Kubernetes' Scale.
      spec: { ...(spec?.replicas && { replicas: spec.replicas }) },
      status: {
        replicas: status?.replicas ?? 0,
        selector: selectorText(spec?.selector),
      },
    } as KubeObject;
  },
  replace(body, old) {
    const replicas = (body as Scale).spec?.replicas ?? 0;
    if (!Number.isInteger(replicas) || replicas < 0) {
      throw badRequest('spec.replicas: Invalid value: must be an integer that is not negative');
    }
    const { spec } = old as Deployment;
    return prepareUpdate(resource, { ...old, spec: { ...spec, replicas } } as KubeObject, old);
  },
});
