import type { KubeObject } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { WatchEvent, WatchOptions } from '#shared/client';
import type { Checker } from './checker.ts';
import type { Change, ObjectHistory } from './objects.ts';
import { selects } from './selection.ts';

/** One watch as its client had it. */
export interface WatchRecord {
  readonly who: string;
  readonly resource: string;
  readonly options: WatchOptions;
  readonly events: WatchEvent[];
  open: boolean;
  /** Whoever watches still runs. */
  readonly alive: () => boolean;
}

/** Ordered, unique, complete, and what is said is what was. For watches from a version on. */
export class ApiWatches implements Checker {
  readonly name = 'watches of the API';
  readonly #objects: ObjectHistory;
  readonly #now: () => number;
  readonly #records: WatchRecord[] = [];

  constructor(objects: ObjectHistory, now: () => number) {
    this.#objects = objects;
    this.#now = now;
  }

  begin(who: string, resource: string, options: WatchOptions, alive: () => boolean): WatchRecord {
    const record: WatchRecord = { who, resource, options, events: [], open: true, alive };
    if (options.resourceVersion) this.#records.push(record);
    return record;
  }

  judge(): void {
    for (const record of this.#records) this.#check(record);
  }

  #check(record: WatchRecord): void {
    const { who, resource, options, events } = record;
    const since = Number(options.resourceVersion);
    const expected = this.#expected(resource, options, since);
    const broken = (what: string): never => {
      throw new BrokenPromise(`${who} watches ${resource} from ${since} on: ${what}`);
    };
    let next = 0;
    for (const { type, object } of events) {
      const revision = Number(object.metadata?.resourceVersion);
      if (type === 'BOOKMARK') {
        const missed = expected[next];
        if (missed && missed.revision <= revision) {
          broken(`a bookmark at ${revision} comes before ${missed.text}`);
        }
        continue;
      }
      const text = textOf(type, object, revision);
      const wanted = expected[next++];
      if (wanted?.text !== text) broken(`${text} comes instead of ${wanted?.text ?? 'nothing'}`);
    }
    // What has just happened may be under way.
    const late = expected[next];
    if (record.open && record.alive() && late && this.#now() - late.atMs > 10_000)
      broken(`${late.text} never came`);
  }

  #expected(resource: string, options: WatchOptions, since: number) {
    const inScope = selects(options);
    return this.#objects.changesAfter(resource, since).flatMap((change) => {
      const { revision, atMs, before, after } = change;
      const was = before !== undefined && inScope(before);
      const is = after !== undefined && inScope(after);
      if (!was && !is) return [];
      const type = !was ? 'ADDED' : is ? 'MODIFIED' : 'DELETED';
      return [{ revision, atMs, text: textOf(type, objectOf(change), revision) }];
    });
  }
}

const objectOf = ({ before, after }: Change): KubeObject => after ?? before ?? {};

const textOf = (type: string, { metadata }: KubeObject, revision: number): string =>
  `${type} ${metadata?.namespace ?? ''}/${metadata?.name} (${metadata?.uid}) @${revision}`;
