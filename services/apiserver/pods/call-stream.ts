import { Duplex } from 'node:stream';
import type { ForwardCall } from '#shared/client';

/** A connection to a pod's port as a stream. Each side waits for the slower one. */
export function callStream(call: ForwardCall): Duplex {
  const received = call.received[Symbol.asyncIterator]();
  const stream = new Duplex({
    read() {
      received.next().then(
        ({ done, value }) => stream.push(done ? null : value),
        (error: Error) => stream.destroy(error),
      );
    },
    write(chunk: Buffer, _encoding, done) {
      call.send(chunk).then(() => done(), done);
    },
    final(done) {
      call.end();
      done();
    },
    destroy(error, done) {
      call.cancel();
      done(error);
    },
  });
  return stream;
}
