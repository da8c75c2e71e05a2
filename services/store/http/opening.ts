import { type Frame, frameAt, frameTypes, mendedHeaders, preface } from './http2-frames.ts';

/** What to do with a connection that has said so much. */
export type Opening =
  | { readonly is: 'http1' }
  /** Wait for more; `greet`: the client does, too. */
  | { readonly is: 'open'; readonly greet: boolean }
  /** `bytes`: what was said, without what was meant for our greeting. */
  | { readonly is: 'http2'; readonly bytes: Buffer; readonly mend: boolean };

const harmless: ReadonlySet<number> = new Set([
  frameTypes.priority,
  frameTypes.settings,
  frameTypes.windowUpdate,
]);

/**
 * Reads a connection up to its first request, which says whether this client's headers need
 * mending. Clients that send none before they are greeted are greeted, with empty settings.
 */
export function opening(bytes: Buffer, greeted: boolean): Opening {
  const length = Math.min(bytes.length, preface.length);
  if (!bytes.subarray(0, length).equals(preface.subarray(0, length))) return { is: 'http1' };
  if (length < preface.length) return { is: 'open', greet: false };
  let ack: Frame | undefined;
  let at = length;
  for (;;) {
    const frame = frameAt(bytes, at);
    if (!frame) return { is: 'open', greet: !greeted };
    at = frame.end;
    if (frame.type === frameTypes.settings && frame.isAck) ack ??= frame;
    if (harmless.has(frame.type)) continue;
    if (greeted && !ack) {
      ack = laterAck(bytes, at);
      if (!ack) return { is: 'open', greet: false };
    }
    const isRequest = frame.type === frameTypes.headers;
    const mend = isRequest && mendedHeaders(bytes.subarray(frame.start, frame.end)) !== undefined;
    return { is: 'http2', bytes: without(bytes, greeted ? ack : undefined), mend };
  }
}

function laterAck(bytes: Buffer, from: number): Frame | undefined {
  for (let frame = frameAt(bytes, from); frame; frame = frameAt(bytes, frame.end)) {
    if (frame.type === frameTypes.settings && frame.isAck) return frame;
  }
  return undefined;
}

function without(bytes: Buffer, frame: Frame | undefined): Buffer {
  if (!frame) return bytes;
  return Buffer.concat([bytes.subarray(0, frame.start), bytes.subarray(frame.end)]);
}
