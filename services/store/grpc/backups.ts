import type { ServerWritableStream } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import type { SnapshotRequest__Output } from '../../../shared/rpc/gen/etcdserverpb/SnapshotRequest.ts';
import type { SnapshotResponse } from '../../../shared/rpc/gen/etcdserverpb/SnapshotResponse.ts';
import { EtcdDatabase } from '../etcd-backup/etcd-database.ts';
import type { Serving } from '../serve/context.ts';
import { Turns } from '../serve/turns.ts';

export type SnapshotCall = ServerWritableStream<SnapshotRequest__Output, SnapshotResponse>;

/** Of etcd's releases: the one whose schema the database has. */
export const databaseVersion = '3.5.0';
/** Each reads all data twice and holds some of it, and files that nothing else needs any more. */
const atOnce = 4;
const maxWaiting = 1000;
/** A client that takes nothing for so long gets no more. */
const stalledMs = 60_000;

/** The Snapshot stream: the whole state as of now, as a database of etcd, as fast as the client reads. */
export class Backups {
  readonly #serving: Serving;
  readonly #turns = new Turns(atOnce, maxWaiting);

  constructor(serving: Serving) {
    this.#serving = serving;
  }

  send(call: SnapshotCall): Promise<void> {
    return this.#turns.run(() => this.#send(call));
  }

  async #send(call: SnapshotCall): Promise<void> {
    if (call.cancelled) return;
    const { node, clock, counters } = this.#serving;
    const startedMs = clock.monotonic();
    const snapshot = await node.backend.snapshot();
    try {
      const database = await EtcdDatabase.of(snapshot);
      let remaining = database.bytes;
      for await (const blob of database.chunks()) {
        if (call.cancelled) return;
        remaining -= blob.length;
        const message = {
          remaining_bytes: remaining,
          blob: Buffer.from(blob),
          version: databaseVersion,
        };
        if (!call.write(message)) await this.#drained(call);
      }
      call.end();
      counters.backup.observe(clock.monotonic() - startedMs);
    } finally {
      await snapshot.close();
    }
  }

  /** Or gone: a client that cancels drains nothing any more. */
  #drained(call: SnapshotCall): Promise<void> {
    const ends = ['drain', 'cancelled', 'close'];
    return new Promise((resolve, reject) => {
      const done = (): void => {
        stalled.cancel();
        for (const end of ends) call.off(end, done);
        resolve();
      };
      const stalled = this.#serving.clock.after(stalledMs, () => {
        for (const end of ends) call.off(end, done);
        reject(new QuorateError('canceled', 'the client does not read its snapshot'));
      });
      for (const end of ends) call.on(end, done);
    });
  }
}
