import { equalJson, type KubeObject, type ResourceRef } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ApiClient } from '#shared/client';

/** Writes a status that differs; absent counts mean none. */
export async function writeStatus<T extends KubeObject & { status?: object | undefined }>(
  api: ApiClient,
  ref: ResourceRef,
  object: T,
  status: NonNullable<T['status']>,
): Promise<void> {
  if (equalJson(withoutZeros(object.status), withoutZeros(status))) return;
  try {
    await api.update(ref, { ...object, status }, { subresource: 'status' });
  } catch (thrown) {
    // Deleted meanwhile: there is nothing left to say.
    if (!QuorateError.is(thrown, 'not-found')) throw thrown;
  }
}

const withoutZeros = (status: object | undefined): object =>
  Object.fromEntries(Object.entries(status ?? {}).filter(([, value]) => value !== 0));
