import type { KubeObject, ResourceRef } from '#shared/api';
import type { DeleteResponse__Output } from '../rpc/gen/quorate/v1/DeleteResponse.ts';
import type { Object__Output } from '../rpc/gen/quorate/v1/Object.ts';
import type { ApiClient, DeleteOptions } from './api-client.ts';
import type { GrpcCalls } from './grpc-calls.ts';
import { repeatable } from './repeatable.ts';
import { decode, encode, fenceField, objectName, writeFields } from './wire.ts';

const patchTypes = { json: 'JSON', merge: 'MERGE', strategic: 'STRATEGIC' } as const;
const propagations = {
  background: 'BACKGROUND',
  foreground: 'FOREGROUND',
  orphan: 'ORPHAN',
} as const;

type Writes = Pick<ApiClient, 'create' | 'createSubresource' | 'update' | 'patch' | 'delete'>;

export function grpcWrites({ ask }: GrpcCalls): Writes {
  type CreateFields = ReturnType<typeof writeFields> & { json: Buffer; name: string };
  const create = async <T>(request: CreateFields): Promise<T> => {
    const answer = await ask<CreateFields, Object__Output>(false, request, (s, r, o, done) =>
      s.resources.Create(r, o, done),
    );
    return decode<T>(answer.json);
  };
  return {
    create: (ref, object, options = {}) =>
      create({ ...writeFields(ref, options, object), json: encode(object), name: '' }),
    createSubresource: (ref, name, subresource, body, options = {}) =>
      create({ ...writeFields(ref, { ...options, subresource }, body), json: encode(body), name }),
    async update<T extends KubeObject>(ref: ResourceRef, object: T, options = {}) {
      const name = objectName(object);
      const request = { ...writeFields(ref, options, object), json: encode(object), name };
      const answer = await ask<typeof request, Object__Output>(
        repeatable.update(object),
        request,
        (s, r, o, done) => s.resources.Update(r, o, done),
      );
      return decode<T>(answer.json);
    },
    async patch<T extends KubeObject>(
      ...[ref, name, type, patch, options = {}]: Parameters<ApiClient['patch']>
    ) {
      const fields = {
        patch: encode(patch),
        name,
        type: patchTypes[type],
      } as const;
      const request = { ...writeFields(ref, options), ...fields };
      const answer = await ask<typeof request, Object__Output>(
        repeatable.patch(type),
        request,
        (s, r, o, done) => s.resources.Patch(r, o, done),
      );
      return decode<T>(answer.json);
    },
    async delete<T extends KubeObject>(
      ref: ResourceRef,
      name: string,
      options: DeleteOptions = {},
    ) {
      const request = deleteRequest(ref, name, options);
      const answer = await ask<typeof request, DeleteResponse__Output>(
        repeatable.delete(options),
        request,
        (s, r, o, done) => s.resources.Delete(r, o, done),
      );
      return { object: decode<T>(answer.json), gone: answer.gone };
    },
  };
}

function deleteRequest(ref: ResourceRef, name: string, options: DeleteOptions) {
  const { propagation, gracePeriodSeconds } = options;
  return {
    resource: ref,
    namespace: options.namespace ?? '',
    name,
    propagation: propagation === undefined ? ('DEFAULT' as const) : propagations[propagation],
    ...(gracePeriodSeconds !== undefined && { grace_period_seconds: gracePeriodSeconds }),
    uid: options.uid ?? '',
    resource_version: options.resourceVersion ?? '',
    dry_run: options.dryRun ?? false,
    ...fenceField(options.fence),
  };
}
