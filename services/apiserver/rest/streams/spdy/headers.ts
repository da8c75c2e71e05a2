import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { badRequest } from '#shared/api';
import { headerDictionary } from './dictionary.ts';

/** Far beyond what names the streams of a command, and little enough for a stranger to send. */
const blockBytesMax = 64 * 1024;

/** Header blocks of one direction of a connection: each continues the compression of those before it. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary });
  #chunks: Buffer[] = [];
  #length = 0;

  constructor() {
    // Each read has a listener of its own.
    this.#inflate.on('error', () => undefined);
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#length += chunk.length;
      if (this.#length <= blockBytesMax) this.#chunks.push(chunk);
    });
  }

  /** Names in lower case. Throws `bad-request`. */
  async read(block: Buffer): Promise<ReadonlyMap<string, string>> {
    this.#chunks = [];
    this.#length = 0;
    await new Promise<void>((resolve, reject) => {
      this.#inflate.once('error', reject);
      this.#inflate.write(block, () => {
        this.#inflate.off('error', reject);
        resolve();
      });
    });
    if (this.#length > blockBytesMax) throw badRequest('SPDY: too large a header block');
    return parsePairs(Buffer.concat(this.#chunks));
  }

  close(): void {
    this.#inflate.destroy();
  }
}

export class HeaderWriter {
  readonly #deflate: Deflate = createDeflate({ dictionary: headerDictionary });
  #chunks: Buffer[] = [];

  constructor() {
    this.#deflate.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
  }

  /** A block without any header. */
  async empty(): Promise<Buffer> {
    this.#chunks = [];
    this.#deflate.write(Buffer.alloc(4));
    await new Promise<void>((resolve) => this.#deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    return Buffer.concat(this.#chunks);
  }

  close(): void {
    this.#deflate.destroy();
  }
}

function parsePairs(bytes: Buffer): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  let at = 0;
  const number = (): number => {
    if (at + 4 > bytes.length) throw badRequest('SPDY: a header block is cut short');
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (at + length > bytes.length) throw badRequest('SPDY: a header block is cut short');
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  for (let left = number(); left > 0; left--) pairs.set(text().toLowerCase(), text());
  return pairs;
}
