import { assert, must, QuorateError } from '#shared/base';
import type { ConfChange, ConfChangeSingle, NodeId } from './types.ts';

/** First byte of the encoding, so that it can change later. */
const version = 1;
const changeTypes = ['add-voter', 'add-learner', 'remove'] as const;
const jointModes = ['auto', 'implicit', 'explicit'] as const;

/** Version, joint mode, count, then (type, id) pairs and the context to the end; varints throughout. */
export function encodeConfChange(change: ConfChange): Uint8Array {
  const head: number[] = [version, jointModes.indexOf(change.joint ?? 'auto')];
  pushVarint(head, change.changes.length);
  for (const { type, nodeId } of change.changes) {
    assert(isNodeId(nodeId), `${nodeId} is no member id`);
    head.push(changeTypes.indexOf(type));
    pushVarint(head, nodeId);
  }
  const encoded = new Uint8Array(head.length + change.context.length);
  encoded.set(head);
  encoded.set(change.context, head.length);
  return encoded;
}

/** Throws `data-loss` for bytes that `encodeConfChange` cannot have written. */
export function decodeConfChange(data: Uint8Array): ConfChange {
  const change = tryDecodeConfChange(data);
  if (change === undefined) {
    throw new QuorateError('data-loss', 'not the encoding of a membership change');
  }
  return change;
}

export function tryDecodeConfChange(data: Uint8Array): ConfChange | undefined {
  const joint = jointModes[data[1] ?? -1];
  const count = readVarint(data, 2);
  if (data[0] !== version || joint === undefined || count === undefined) return undefined;
  if (count.value > data.length) return undefined;
  const changes: ConfChangeSingle[] = [];
  let at = count.end;
  while (changes.length < count.value) {
    const type = changeTypes[data[at] ?? -1];
    const nodeId = readVarint(data, at + 1);
    if (type === undefined || nodeId === undefined || !isNodeId(nodeId.value)) return undefined;
    changes.push({ type, nodeId: nodeId.value });
    at = nodeId.end;
  }
  return { changes, joint, context: data.slice(at) };
}

function isNodeId(id: NodeId): boolean {
  return Number.isSafeInteger(id) && id > 0;
}

// Ids have up to 53 bits, so arithmetic replaces the 32-bit shifts.
function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}

function readVarint(data: Uint8Array, start: number): { value: number; end: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let at = start; at < Math.min(data.length, start + 8); at += 1) {
    const byte = must(data[at], 'within the data');
    value += (byte % 128) * scale;
    if (byte < 128) return { value, end: at + 1 };
    scale *= 128;
  }
  return undefined;
}
