import { equalJson, type KubeObject, type ResourceRef } from '#shared/api';
import type { ApiClient } from '#shared/client';
import { unlessNotFound } from './not-found.ts';

/** Writes a status that differs, and resolves with what is stored then; absent counts and lists mean none. */
export async function writeStatus<T extends KubeObject & { status?: object | undefined }>(
  api: ApiClient,
  ref: ResourceRef,
  object: T,
  status: NonNullable<T['status']>,
): Promise<T | undefined> {
  if (equalJson(withoutEmpty(object.status), withoutEmpty(status))) return undefined;
  // Deleted meanwhile: there is nothing left to say.
  const options = { subresource: 'status' };
  return api.update(ref, { ...object, status }, options).catch(unlessNotFound);
}

const withoutEmpty = (status: object | undefined): object =>
  Object.fromEntries(Object.entries(status ?? {}).filter(([, value]) => !isEmpty(value)));

const isEmpty = (value: unknown): boolean =>
  value === 0 || (Array.isArray(value) && value.length === 0);
