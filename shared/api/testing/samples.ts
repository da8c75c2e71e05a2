import { must, QuorateError } from '#shared/base';
import {
  type CreateContext,
  decodeObject,
  findResource,
  type KubeObject,
  prepareCreate,
  prepareUpdate,
  type Resource,
  type ResourceRef,
} from '../index.ts';

export const context: CreateContext = {
  namespace: 'default',
  uid: '0a',
  now: '2026-01-01T00:00:00Z',
  suffix: 'x7k2p',
};

export const kind = (ref: ResourceRef): Resource => must(findResource(ref), ref.resource);

export const container = { name: 'main', image: 'hello:1' };

export const podManifest = (spec: object = {}): object => ({
  metadata: { name: 'web' },
  spec: { containers: [container], ...spec },
});

export const deploymentManifest = (spec: object = {}): object => ({
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } },
    ...spec,
  },
});

/** A body as a create stores it. */
export function create<T extends KubeObject>(ref: ResourceRef, body: unknown): T {
  const resource = kind(ref);
  const namespace = resource.namespaced ? context.namespace : '';
  return prepareCreate(resource, decodeObject(resource, body).object, {
    ...context,
    namespace,
  }) as T;
}

export function update<T extends KubeObject>(ref: ResourceRef, old: T, body: unknown): T {
  const resource = kind(ref);
  return prepareUpdate(resource, decodeObject(resource, body).object, old) as T;
}

/** What an attempt is refused with, one line per cause; '' where it is not. */
export function refusal(attempt: () => unknown): string {
  try {
    attempt();
    return '';
  } catch (thrown) {
    const error = QuorateError.from(thrown);
    const { causes } = error.details;
    return causes ? causes.map((c) => `${c.field}: ${c.message}`).join('\n') : error.message;
  }
}
