import type { Message } from '#shared/raft';
import { encodeSnapshotPart } from '../wire/message.ts';
import { type CallOptions, converse } from './converse.ts';

/** The state travels beside raft's messages; resolves when the other side has it, or does not want it. */
export async function sendSnapshot(
  options: CallOptions,
  message: Message,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const answer = await converse(options, async (connection, drained) => {
    connection.write('snapshot', encodeSnapshotPart({ message }));
    for await (const chunk of chunks) {
      if (connection.closed) return;
      if (!connection.write('snapshot', encodeSnapshotPart({ chunk }))) await drained();
    }
    connection.write('snapshotEnd');
  });
  if ('error' in answer) throw answer.error;
}
