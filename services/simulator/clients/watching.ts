import type { WatchedEvent } from '#shared/checks';
import type { Event } from '#shared/mvcc';
import { anonymous } from '#services/store';
import type { SimMember } from '../cluster/member.ts';
import { known, type RecordedWatch } from './recorder.ts';
import type { ClientWorld } from './world.ts';

interface Open {
  watch: RecordedWatch;
  /** Everything up to here has been told. */
  heard: number;

  stop: () => void;
}

const ranges: readonly (readonly [string, string | undefined])[] = [
  ['a', 'z'],
  ['a', undefined],
  ['b', 'd'],
  ['\0', '\0'],
];
const resumeMs = 200;
const watchesMax = 6;

/** A client's watches: each goes on where it was when the member that served it dies. */
export class WatchingClient {
  readonly #client: number;
  readonly #world: ClientWorld;
  readonly #member: () => SimMember | undefined;
  readonly #open: Open[] = [];

  constructor(client: number, world: ClientWorld, member: () => SimMember | undefined) {
    this.#client = client;
    this.#world = world;
    this.#member = member;
  }

  /** Those that are open. */
  get open(): readonly RecordedWatch[] {
    return this.#open.map(({ watch }) => watch);
  }

  watch(pick: number, seenRevision: number): void {
    if (this.#open.length >= watchesMax) this.cancel(0);
    const [key, rangeEnd] = ranges[pick % ranges.length] ?? ['a', 'z'];
    // Now, right behind what was seen, or from the past.
    const startRevision = [0, seenRevision + 1, Math.max(1, seenRevision - (pick % 30))][pick % 3];
    this.#begin({ key, rangeEnd, startRevision });
  }

  cancel(pick: number): void {
    const [open] = this.#open.splice(pick % Math.max(1, this.#open.length), 1);
    open?.stop();
  }

  #begin(request: {
    key: string;
    rangeEnd?: string | undefined;
    startRevision?: number | undefined;
  }): void {
    const { recorder, scheduler, process } = this.#world;
    const member = this.#member();
    const life = member?.life;
    if (!member || !life) {
      scheduler.at(process, scheduler.now + resumeMs, () => this.#begin(request));
      return;
    }
    const watch = recorder.watch({ client: this.#client, ...request });
    const open: Open = {
      watch,
      heard: (request.startRevision ?? 0) - 1,

      stop: () => undefined,
    };
    this.#open.push(open);
    const handle = life.host.clientFor(anonymous).watch(request, this.#handler(open));
    const alive = life.process.whenKilled(() => this.#lost(open));
    open.stop = () => {
      alive();
      if (life.process.alive) handle.cancel();
    };
    if (this.#world.recorder.watches.length % 3 === 0) handle.requestProgress();
  }

  #handler(open: Open) {
    const { recorder, scheduler } = this.#world;
    const atMs = (): number => scheduler.now;
    return {
      created: ({ revision }: { revision: number }) => {
        if (open.heard < 0) open.heard = revision;
        recorder.heard(open.watch, { type: 'created', atMs: atMs(), revision });
      },
      events: (events: readonly Event[], { revision }: { revision: number }) => {
        open.heard = Math.max(open.heard, events.at(-1)?.kv.modRevision ?? 0);
        const heard = events.map(watched);
        recorder.heard(open.watch, { type: 'events', atMs: atMs(), revision, events: heard });
      },
      progress: ({ revision }: { revision: number }) => {
        open.heard = Math.max(open.heard, revision);
        recorder.heard(open.watch, { type: 'progress', atMs: atMs(), revision });
      },
      ended: (error: Error, compactRevision?: number) => {
        const { message } = error;
        recorder.heard(open.watch, {
          type: 'ended',
          atMs: atMs(),
          error: message,
          compactRevision,
        });
        this.#forget(open);
        if (compactRevision === undefined) this.#resume(open);
      },
    };
  }

  #lost(open: Open): void {
    this.#forget(open);
    this.#resume(open);
  }

  #forget(open: Open): void {
    const at = this.#open.indexOf(open);
    if (at >= 0) this.#open.splice(at, 1);
    open.stop();
  }

  #resume({ watch, heard }: Open): void {
    const { scheduler, process } = this.#world;
    const { key, rangeEnd } = watch;
    const startRevision = Math.max(0, heard + 1);
    scheduler.at(process, scheduler.now + resumeMs, () =>
      this.#begin({ key, rangeEnd, startRevision }),
    );
  }
}

export function watched({ type, kv }: Event): WatchedEvent {
  return { type, kv: type === 'put' ? known(kv) : { key: kv.key, mod: kv.modRevision } };
}
