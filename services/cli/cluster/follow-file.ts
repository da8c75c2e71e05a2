import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '#shared/clock';
import { CommandError } from '../command-error.ts';

const pollMs = 100;
const chunkBytes = 64 * 1024;

export interface FollowOptions {
  readonly follow: boolean;
  /** Only so many of the lines that are there; absent: all. */
  readonly tail: number | undefined;
}

/** Hands over the lines of a file, and with `follow` those that come, until the process ends. */
export async function followFile(
  clock: Clock,
  file: string,
  print: (line: string) => void,
  { follow, tail }: FollowOptions,
): Promise<void> {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    throw new CommandError(`there is no log at ${file}`);
  }
  try {
    const lines = createLineReader(fd);
    const present = lines();
    for (const line of tail === undefined ? present : present.slice(present.length - tail)) {
      print(line);
    }
    if (!follow) return;
    for (;;) {
      await clock.sleep(pollMs);
      for (const line of lines()) print(line);
    }
  } finally {
    closeSync(fd);
  }
}

/** Each call reads what has come since the last one; a line that has no end yet waits for it. */
function createLineReader(fd: number): () => string[] {
  const buffer = Buffer.alloc(chunkBytes);
  const decoder = new StringDecoder('utf8');
  let position = 0;
  let rest = '';
  return () => {
    const size = fstatSync(fd).size;
    while (position < size) {
      const read = readSync(fd, buffer, 0, chunkBytes, position);
      if (read === 0) break;
      position += read;
      rest += decoder.write(buffer.subarray(0, read));
    }
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    return lines;
  };
}
