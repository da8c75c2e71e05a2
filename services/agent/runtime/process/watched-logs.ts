import { type FSWatcher, watch } from 'node:fs';
import type { Clock, Timer } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { LogFile, type LogLimits } from '../logs/log-file.ts';

/** Lines are timed this exactly. */
const noteEveryMs = 20;

interface Watched {
  readonly log: LogFile;
  watcher: FSWatcher | undefined;
  timer: Timer | undefined;
  changed: boolean;
}

/** The logs of all containers. Of those that run it is noted when they grow. */
export class WatchedLogs {
  readonly #clock: Clock;
  readonly #messages: Logger;
  readonly #logs = new Map<string, Watched>();

  constructor(clock: Clock, messages: Logger) {
    this.#clock = clock;
    this.#messages = messages;
  }

  get(path: string): LogFile {
    return this.#entry(path).log;
  }

  /** From now until its container's end. A log that cannot be watched has coarser times. */
  watch(path: string): void {
    const entry = this.#entry(path);
    if (entry.watcher) return;
    try {
      entry.watcher = watch(path, { persistent: false }, () => this.#grew(path, entry));
      entry.watcher.on('error', () => entry.watcher?.close());
      this.#note(path, entry);
    } catch (error) {
      this.#messages.debug({ err: error, path }, 'cannot watch a log');
    }
  }

  /** Its container has ended. */
  settle(path: string): void {
    const entry = this.#logs.get(path);
    if (!entry) return;
    this.#note(path, entry);
    release(entry);
  }

  forgetIn(folder: string): void {
    for (const [path, entry] of this.#logs) {
      if (!path.startsWith(`${folder}/`)) continue;
      release(entry);
      this.#logs.delete(path);
    }
  }

  rotate(limits: LogLimits): void {
    for (const [path, { log }] of this.#logs) {
      try {
        log.rotateIfLarge(limits);
      } catch (error) {
        this.#messages.warn({ err: error, path }, 'cannot rotate a log');
      }
    }
  }

  close(): void {
    for (const entry of this.#logs.values()) release(entry);
  }

  #entry(path: string): Watched {
    let entry = this.#logs.get(path);
    if (!entry) {
      entry = { log: new LogFile(path), watcher: undefined, timer: undefined, changed: false };
      this.#logs.set(path, entry);
    }
    return entry;
  }

  #grew(path: string, entry: Watched): void {
    entry.changed = true;
    if (entry.timer) return;
    this.#note(path, entry);
    entry.timer = this.#clock.after(noteEveryMs, () => {
      entry.timer = undefined;
      if (entry.changed) this.#grew(path, entry);
    });
  }

  #note(path: string, entry: Watched): void {
    entry.changed = false;
    try {
      entry.log.noteTime();
    } catch (error) {
      this.#messages.debug({ err: error, path }, 'cannot note the times of a log');
    }
  }
}

function release(entry: Watched): void {
  entry.watcher?.close();
  entry.watcher = undefined;
  entry.timer?.cancel();
  entry.timer = undefined;
}
