import type { Event } from '#shared/mvcc';
import type { WatchReply } from '../watch/watch-stream.ts';
import { writeHeader, writeKeyValue } from './kv.ts';
import { Writer } from './protobuf.ts';

const writer = new Writer();
const eventWriter = new Writer();

/** An event goes to all who watch its key, in the same bytes. */
const encoded = new WeakMap<Event, Uint8Array>();

/** A `WatchResponse` of etcd's. */
export function encodeWatchReply(reply: WatchReply): Buffer {
  const events = reply.events?.map(bytesOf) ?? [];
  writer.reset();
  writer.message(1, () => writeHeader(writer, reply.header));
  writer.bigint(2, reply.watchId);
  writer.boolean(3, reply.created);
  writer.boolean(4, reply.canceled);
  writer.integer(5, reply.compactRevision ?? 0);
  if (reply.cancelReason) writer.string(6, reply.cancelReason);
  writer.boolean(7, reply.fragment);
  for (const event of events) writer.bytesAlways(11, event);
  const bytes = writer.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesOf(event: Event): Uint8Array {
  const known = encoded.get(event);
  if (known) return known;
  const { type, kv, prevKv } = event;
  eventWriter.reset();
  eventWriter.integer(1, type === 'delete' ? 1 : 0);
  eventWriter.message(2, () => writeKeyValue(eventWriter, kv));
  if (prevKv) eventWriter.message(3, () => writeKeyValue(eventWriter, prevKv));
  const bytes = eventWriter.finish();
  encoded.set(event, bytes);
  return bytes;
}
