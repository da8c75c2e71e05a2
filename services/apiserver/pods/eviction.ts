import { badRequest, type Resource, type Status } from '#shared/api';
import type { WriteOptions } from '#shared/client';
import { parseDeleteOptions } from '../registry/delete-options.ts';
import type { Registry } from '../registry/registry.ts';

interface Eviction {
  readonly metadata?: { readonly name?: unknown };
  readonly deleteOptions?: unknown;
}

/** Deletes a pod for whoever drains its node: Kubernetes' pods/eviction. No budget stands in its way. */
export async function evictPod(
  registry: Registry,
  pods: Resource,
  name: string,
  body: unknown,
  options: WriteOptions,
): Promise<Status> {
  const { metadata, deleteOptions } = (body ?? {}) as Eviction;
  if (metadata?.name !== undefined && metadata.name !== name) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
  const { namespace, fence, dryRun } = options;
  const asked = parseDeleteOptions(deleteOptions);
  await registry.delete(pods, name, {
    ...asked,
    namespace,
    fence,
    dryRun: dryRun === true || asked.dryRun === true,
  });
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}
