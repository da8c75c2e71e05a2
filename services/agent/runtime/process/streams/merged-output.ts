import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import type { CommandOutput } from '#shared/client';

/** Chunks held for a slow reader; each has at most 64 KiB. */
const chunksMax = 16;

/** Several sources of output as one sequence. Sources wait while nobody reads. */
export class MergedOutput {
  readonly #merged = new PassThrough({ objectMode: true, highWaterMark: chunksMax });
  readonly #sources: Promise<void>[] = [];

  /** Takes all of `source`. */
  add(type: 'stdout' | 'stderr', source: Readable): void {
    this.#sources.push(this.#pump(type, source));
  }

  async #pump(type: 'stdout' | 'stderr', source: Readable): Promise<void> {
    try {
      for await (const data of source as AsyncIterable<Buffer>) await this.push({ type, data });
    } catch {
      // Cut off: what came before is all there is.
    }
  }

  async push(output: CommandOutput): Promise<void> {
    if (this.#merged.destroyed || this.#merged.write(output)) return;
    await Promise.race([once(this.#merged, 'drain'), once(this.#merged, 'close')]);
  }

  /** Resolves when every source has ended. */
  async sourcesEnded(): Promise<void> {
    await Promise.all(this.#sources);
  }

  end(last: CommandOutput): void {
    this.#merged.end(last);
  }

  /** Nobody reads any more: sources run dry. */
  close(): void {
    this.#merged.destroy();
  }

  async *read(): AsyncGenerator<CommandOutput, void> {
    try {
      for await (const output of this.#merged) yield output as CommandOutput;
    } catch (thrown) {
      if (!this.#merged.destroyed) throw thrown;
    }
  }
}
