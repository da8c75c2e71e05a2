import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';

/** Smaller answers are written in one piece, and nobody waits for them. */
export const largeBytes = 64 << 10;
const pieceBytes = 256 << 10;
/** While more than this is on its way to one client, no further large answer is made for it. */
const unsentMax = 8 << 20;
/** A client that takes nothing of an answer for so long gets no more of it. */
const stalledMs = 60_000;

/**
 * Large answers on their way to one client. They are written as fast as the client reads, and made
 * one after the other: so a client that asks for much on many streams, and reads nothing, costs
 * little more than one answer. The streams that wait are limited by the session's memory (createServer).
 */
export class LargeAnswers {
  #unsentBytes = 0;
  #making = false;
  readonly #waiting: (() => void)[] = [];

  /** Resolves when an answer that may be large can be made; the result must be called once it is sent. */
  turn(): Promise<() => void> {
    return new Promise((resolve) => {
      let waited = false;
      this.#waiting.push(() => {
        this.#making = true;
        const over = (): void => {
          this.#making = false;
          this.#next();
        };
        // A client that goes ends its streams one by one: the next answer is not made in between.
        if (waited) setImmediate(resolve, over);
        else resolve(over);
      });
      this.#next();
      waited = true;
    });
  }

  /** Ends the stream with these bytes. */
  send(stream: ServerHttp2Stream, bytes: Buffer): void {
    let unsent = bytes.length;
    const gone = (count: number): void => {
      unsent -= count;
      this.#unsentBytes -= count;
      this.#next();
    };
    this.#unsentBytes += unsent;
    stream.once('close', () => gone(unsent));
    stream.setTimeout(stalledMs, () => stream.close(constants.NGHTTP2_CANCEL));
    const write = (at: number): void => {
      const piece = bytes.subarray(at, at + pieceBytes);
      const next = at + piece.length;
      if (next === bytes.length) stream.end(piece);
      else {
        stream.write(piece, (error) => {
          if (error) return;
          gone(piece.length);
          write(next);
        });
      }
    };
    write(0);
  }

  #next(): void {
    if (!this.#making && this.#unsentBytes <= unsentMax) this.#waiting.shift()?.();
  }
}

const ofSessions = new WeakMap<Http2Session, LargeAnswers>();

export function largeAnswersTo(session: Http2Session): LargeAnswers {
  let answers = ofSessions.get(session);
  if (!answers) {
    answers = new LargeAnswers();
    ofSessions.set(session, answers);
  }
  return answers;
}
