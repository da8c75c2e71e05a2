import type { WatchedEvent } from '#shared/checks';
import type { Event, WatchRequest } from '#shared/mvcc';
import { trusted } from '#services/store';
import type { Life, SimMember } from '../cluster/member.ts';
import { SimStream } from './stream.ts';
import { known, type RecordedWatch } from './recorder.ts';
import type { ClientWorld } from './world.ts';

/** What a watch asks for; `slowMs`: it takes so long over each delivery, and refuses what comes meanwhile. */
interface Wanted {
  readonly key: string;
  readonly rangeEnd?: string | undefined;
  readonly startRevision?: number | undefined;
  readonly prevKv?: boolean | undefined;
  readonly filters?: readonly ('no-put' | 'no-delete')[] | undefined;
  readonly slowMs?: number | undefined;
  /** With others of this client. */
  readonly onStream?: boolean | undefined;
}

interface Open {
  readonly wanted: Wanted;
  readonly watch: RecordedWatch;
  /** Everything up to here has been told. */
  heard: number;
  stop: () => void;
  /** Asks how far it is; absent: it has no way to. */
  askProgress?: () => void;
}

const ranges: readonly (readonly [string, string | undefined])[] = [
  ['a', 'z'],
  ['a', undefined],
  ['b', 'd'],
  ['\0', '\0'],
];
const filters = [undefined, ['no-put'], ['no-delete']] as const;
const resumeMs = 200;
const watchesMax = 6;

/** A client's watches: each goes on where it was when the member that served it dies. */
export class WatchingClient {
  readonly #client: number;
  readonly #world: ClientWorld;
  readonly #member: () => SimMember | undefined;
  readonly #open: Open[] = [];
  #hurries = false;
  #stream: { readonly life: Life; readonly stream: SimStream } | undefined;

  constructor(client: number, world: ClientWorld, member: () => SimMember | undefined) {
    this.#client = client;
    this.#world = world;
    this.#member = member;
  }

  /** From now on it is slow no more. */
  hurry(): void {
    this.#hurries = true;
  }

  /** Those that are open. */
  get open(): readonly RecordedWatch[] {
    return this.#open.map(({ watch }) => watch);
  }

  /** Those that want to hear now and then that all is well. */
  get notified(): readonly RecordedWatch[] {
    return this.#open.filter(({ wanted }) => wanted.onStream).map(({ watch }) => watch);
  }

  /** All that are open and can, and some that are behind, since they have just begun; returns which. */
  askProgress(revision: number): readonly RecordedWatch[] {
    if (this.#open.length > 0) this.#watch(0, { startRevision: revision });
    if (this.#stream) this.#watch(0, { startRevision: revision, onStream: true });
    return this.#open.flatMap(({ watch, askProgress }) => {
      askProgress?.();
      return askProgress ? [watch] : [];
    });
  }

  watch(pick: number, seenRevision: number): void {
    this.#watch(pick, {
      // Now, right behind what was seen, or from the past.
      startRevision: [0, seenRevision + 1, Math.max(1, seenRevision - (pick % 30))][pick % 3],
    });
  }

  /** Only some events, with what they replaced; from a revision that is still to come, or the oldest. */
  watchPart(pick: number, seenRevision: number, compacted: number): void {
    const oldest = compacted > 0 && pick % 2 === 0 ? compacted + 1 : seenRevision - 9;
    this.#watch(pick, {
      startRevision: [0, seenRevision + 2 + (pick % 7), Math.max(1, oldest)][pick % 3],
      prevKv: true,
      filters: filters[Math.floor(pick / 3) % filters.length],
    });
  }

  watchSlow(pick: number, seenRevision: number): void {
    this.#watch(pick, {
      startRevision: [0, Math.max(1, seenRevision - (pick % 30))][pick % 2],
      slowMs: 1 + (pick % 300),
    });
  }

  /** One of several on a stream, and what it is sent comes in parts. */
  watchStream(pick: number, seenRevision: number): void {
    this.#watch(pick, {
      startRevision: [0, seenRevision + 1, Math.max(1, seenRevision - (pick % 60))][pick % 3],
      prevKv: pick % 5 === 0,
      onStream: true,
    });
  }

  #watch(pick: number, wanted: Omit<Wanted, 'key'>): void {
    if (this.#open.length >= watchesMax) this.cancel(0);
    const [key, rangeEnd] = ranges[pick % ranges.length] ?? ['a', 'z'];
    this.#begin({ key, rangeEnd, ...wanted }, undefined);
  }

  cancel(pick: number): void {
    const [open] = this.#open.splice(pick % Math.max(1, this.#open.length), 1);
    open?.stop();
  }

  #begin(wanted: Wanted, before: RecordedWatch | undefined): void {
    const { recorder, scheduler, process } = this.#world;
    const life = this.#member()?.life;
    if (!life) {
      scheduler.at(process, scheduler.now + resumeMs, () => this.#begin(wanted, before));
      return;
    }
    const { slowMs, onStream, ...request } = wanted;
    const watch = recorder.watch({ client: this.#client, ...request });
    if (before) recorder.resumed.push([before, watch]);
    const open: Open = {
      wanted,
      watch,
      heard: (request.startRevision ?? 0) - 1,
      stop: () => undefined,
    };
    this.#open.push(open);
    const stop = onStream
      ? this.#listenOnStream(life, request, open)
      : slowMs === undefined
        ? this.#listen(life, request, open)
        : this.#listenSlowly(life, request, slowMs, open);
    const alive = life.process.whenKilled(() => this.#lost(open));
    open.stop = () => {
      alive();
      if (life.process.alive) stop();
    };
  }

  #listen(life: Life, request: WatchRequest, open: Open): () => void {
    const handle = life.host.clientFor(trusted).watch(request, this.#handler(open));
    open.askProgress = () => handle.requestProgress();
    if (this.#world.recorder.watches.length % 3 === 0) handle.requestProgress();
    return () => handle.cancel();
  }

  #listenOnStream(life: Life, request: WatchRequest, open: Open): () => void {
    const { scheduler, recorder } = this.#world;
    if (this.#stream?.life !== life) {
      const after = (ms: number, fn: () => void): unknown =>
        scheduler.at(life.process, scheduler.now + ms, fn);
      const slowMs = recorder.watches.length % 2 === 0 ? 0 : 1 + (recorder.watches.length % 50);
      const options = { slowMs: () => (this.#hurries ? 0 : slowMs), after };
      this.#stream = { life, stream: new SimStream(life.host.watches, options) };
    }
    const { stream } = this.#stream;
    const stop = stream.watch(request, this.#handler(open));
    open.askProgress = () => stream.requestProgress();
    if (recorder.watches.length % 3 === 0) stream.requestProgress();
    return stop;
  }

  /** As a stream whose reader is behind: what is refused is offered again. */
  #listenSlowly(life: Life, request: WatchRequest, slowMs: number, open: Open): () => void {
    const { scheduler } = this.#world;
    const { hub } = life.host.state;
    const handler = this.#handler(open);
    let busy = false;
    handler.created({ revision: hub.revision });
    const watcher = hub.add(request, {
      events: (events, revision) => {
        if (busy) return false;
        busy = true;
        handler.events(events, { revision });
        scheduler.at(life.process, scheduler.now + (this.#hurries ? 0 : slowMs), () => {
          busy = false;
          hub.resume(watcher);
          life.host.node.wakeIdle();
        });
        return true;
      },
      compacted: (revision) => handler.ended(new Error('compacted'), revision),
    });
    life.host.node.wakeIdle();
    return () => hub.remove(watcher);
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

  #resume({ wanted, watch, heard }: Open): void {
    const { scheduler, process } = this.#world;
    const startRevision = Math.max(0, heard + 1);
    scheduler.at(process, scheduler.now + resumeMs, () =>
      this.#begin({ ...wanted, startRevision }, watch),
    );
  }
}

export function watched({ type, kv, prevKv }: Event): WatchedEvent {
  const told = type === 'put' ? known(kv) : { key: kv.key, mod: kv.modRevision };
  return { type, kv: told, ...(prevKv ? { prevKv: known(prevKv) } : {}) };
}
