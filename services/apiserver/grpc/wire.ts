import { type KubeObject, badRequest, type ResourceRef } from '#shared/api';
import type { DeleteOptions, Fence, Leader, WriteOptions } from '#shared/client';
import type { DeleteRequest__Output } from '../../../shared/rpc/gen/quorate/v1/DeleteRequest.ts';
import type { Fence__Output } from '../../../shared/rpc/gen/quorate/v1/Fence.ts';
import type { Leader as WireLeader } from '../../../shared/rpc/gen/quorate/v1/Leader.ts';

/** Far beyond any manifest, far below what recursion over the value could not bear. */
const maxDepth = 200;

export const toJson = (object: object): Buffer => Buffer.from(JSON.stringify(object));

const shared = new WeakMap<object, Buffer>();

/** The same for an object that goes to many watchers: it never changes, so it is written out once. */
export function toSharedJson(object: object): Buffer {
  let bytes = shared.get(object);
  if (!bytes) {
    bytes = toJson(object);
    shared.set(object, bytes);
  }
  return bytes;
}

/** A request's bytes as a JSON value. Throws `bad-request`, naming the field of the request. */
export function fromJson(bytes: Buffer, what: string): unknown {
  if (bytes.length === 0) throw badRequest(`${what}: Required value: a JSON object`);
  checkDepth(bytes, what);
  try {
    return JSON.parse(bytes.toString());
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw badRequest(`${what}: the body is not valid JSON: ${why}`);
  }
}

const quote = 0x22;
const backslash = 0x5c;

function checkDepth(bytes: Buffer, what: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === backslash) i += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > maxDepth) throw badRequest(`${what}: nested more than ${maxDepth} levels deep`);
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
}

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
