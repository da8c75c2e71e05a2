import { type KubeObject, badRequest, type ResourceRef } from '#shared/api';
import type { DeleteOptions, Fence, Leader, WriteOptions } from '#shared/client';
import type { DeleteRequest__Output } from '../../../shared/rpc/gen/quorate/v1/DeleteRequest.ts';
import type { Fence__Output } from '../../../shared/rpc/gen/quorate/v1/Fence.ts';
import type { Leader as WireLeader } from '../../../shared/rpc/gen/quorate/v1/Leader.ts';
import { toJson } from '../json.ts';

export function toRef(ref: ResourceRef | null): ResourceRef {
  if (!ref?.resource) throw badRequest('resource: Required value: group, version and resource');
  return { group: ref.group, version: ref.version || 'v1', resource: ref.resource };
}

function toFence(fence: Fence__Output | null): { fence?: Fence } {
  return fence ? { fence: { election: fence.election, token: Number(fence.token) } } : {};
}

interface WireWrite {
  readonly namespace: string;
  readonly subresource: string;
  readonly fence: Fence__Output | null;
  readonly field_manager: string;
  readonly dry_run: boolean;
}

export function toWriteOptions(request: WireWrite): WriteOptions {
  return {
    namespace: request.namespace,
    subresource: request.subresource,
    fieldManager: request.field_manager,
    dryRun: request.dry_run,
    ...toFence(request.fence),
  };
}

const propagations = {
  DEFAULT: undefined,
  BACKGROUND: 'background',
  FOREGROUND: 'foreground',
  ORPHAN: 'orphan',
} as const;

export function toDeleteOptions(request: DeleteRequest__Output): DeleteOptions {
  const grace = request.grace_period_seconds;
  return {
    namespace: request.namespace,
    propagation: propagations[request.propagation],
    dryRun: request.dry_run,
    ...(grace !== undefined && { gracePeriodSeconds: Number(grace) }),
    ...(request.uid && { uid: request.uid }),
    ...(request.resource_version && { resourceVersion: request.resource_version }),
    ...toFence(request.fence),
  };
}

export const fromLeader = (leader: Leader): WireLeader => ({
  election: leader.election,
  identity: leader.identity,
  token: leader.token,
  lease_seconds: leader.leaseSeconds,
});

export const objectAnswer = (object: KubeObject): { json: Buffer } => ({ json: toJson(object) });
