import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { CommandInput, CommandOptions, RunningCommand } from '#shared/client';
import { MergedOutput } from './merged-output.ts';

/** A running container as an attached client needs it. */
export interface Attachable {
  /** What is written from now on, until the container's end. */
  follow(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Undefined where it has none, or reads it no more. */
  openInput(): Promise<Socket | undefined>;
  /** The client that had the input has left. */
  inputLeft(): void;
  resize(size: { readonly width: number; readonly height: number }): Promise<void>;
}

export async function attach(
  container: Attachable,
  { stdin, stdout, stderr }: CommandOptions,
): Promise<RunningCommand> {
  const left = new AbortController();
  const input = stdin ? await container.openInput() : undefined;
  const output = new MergedOutput();
  // Both outputs of a container are one log here: whoever wants either gets it.
  const source = Readable.from(container.follow(left.signal));
  if (stdout || stderr) output.add('stdout', source);
  else source.resume();
  const closeInput = (): void => {
    if (!input || input.destroyed) return;
    input.end(() => input.destroy());
    container.inputLeft();
  };
  source.on('error', () => undefined);
  source.once('close', () => {
    void output.sourcesEnded().then(() => output.end({ type: 'end', exitCode: 0 }));
  });
  return {
    received: output.read(),
    async send(message: CommandInput) {
      if (message.type === 'resize') await container.resize(message);
      else if (message.type === 'stdin-end') closeInput();
      else if (input?.writable && !input.write(message.data)) {
        await Promise.race([once(input, 'drain'), once(input, 'close')]).catch(() => undefined);
      }
    },
    cancel() {
      left.abort();
      closeInput();
      output.close();
    },
  };
}
