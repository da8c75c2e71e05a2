import type { KubeObject, ResourceRef } from '#shared/api';
import type { ApiClient, ListOptions } from './api-client.ts';

const pageSize = 500;

export interface WholeList<T extends KubeObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** A whole collection as the server has it now, asked for page by page. */
export async function listAll<T extends KubeObject>(
  api: Pick<ApiClient, 'list'>,
  ref: ResourceRef,
  options: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'> = {},
): Promise<WholeList<T>> {
  const items: T[] = [];
  let next: string | undefined;
  let resourceVersion: string;
  do {
    const answer = await api.list<T>(ref, { ...options, limit: pageSize, continue: next });
    for (const object of answer.items) items.push(object);
    resourceVersion = answer.resourceVersion;
    next = answer.continue;
  } while (next);
  return { items, resourceVersion };
}
