import { type KubeObject, methodNotSupported, type Resource } from '#shared/api';
import type { WriteOptions } from '#shared/client';
import type { Core } from './core.ts';
import { bindPod } from './pods/binding.ts';
import { evictPod } from './pods/eviction.ts';

/** A create below an object: pods/binding and pods/eviction. */
export async function createSubresource(
  core: Core,
  resource: Resource,
  name: string,
  subresource: string,
  body: unknown,
  options: WriteOptions,
): Promise<KubeObject> {
  if (resource.group === '' && resource.resource === 'pods' && subresource === 'binding') {
    const status = await bindPod(core.registry, resource, core.clock, name, body, options);
    return status;
  }
  if (resource.group === '' && resource.resource === 'pods' && subresource === 'eviction') {
    return evictPod(core.registry, resource, name, body, options);
  }
  const view = { ...resource, resource: `${resource.resource}/${subresource}` };
  throw methodNotSupported(view, 'create');
}
