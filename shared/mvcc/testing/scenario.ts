import { QuorateError } from '#shared/base';
import { checkDeleteRange, checkLeaseGrant, checkPut, checkRange, checkTxn } from '../checks.ts';
import { type Applied, Mvcc } from '../mvcc.ts';
import { WatchHub, type Watcher } from '../watch-hub.ts';
import { MemoryBackend } from './memory-backend.ts';
import {
  parseDelete,
  parsePut,
  parseRange,
  parseTxn,
  parseWatch,
  parseWords,
  showEvent,
  showKv,
  showRange,
  showTxn,
  type Words,
} from './scenario-syntax.ts';

/** Runs the commands of a scenario file against one store; each answers lines. */
export class Scenario {
  readonly #backend = new MemoryBackend();
  #mvcc = new Mvcc(this.#backend);
  #hub = new WatchHub(this.#mvcc);
  readonly #watchers = new Map<string, Watcher>();
  readonly #refusing = new Set<string>();
  /** What watchers heard during the command. */
  #heard: string[] = [];

  /** A command and what it prints; further lines belong to a txn. */
  run(command: string): string {
    const [first = '', ...rest] = command.split('\n');
    this.#heard = [];
    let lines: string[];
    try {
      lines = this.#execute(parseWords(first), rest);
    } catch (thrown) {
      if (!QuorateError.is(thrown)) throw thrown;
      lines = [`${thrown.code}: ${thrown.message}`];
    }
    return [...lines, ...this.#heard].join('\n');
  }

  #execute(words: Words, rest: readonly string[]): string[] {
    const [command = '', name = ''] = words.plain;
    const handler = this.#handlers[command];
    if (handler === undefined) throw new Error(`no such command: ${command} ${name}`);
    return handler(words, rest);
  }

  readonly #handlers: Record<string, (words: Words, rest: readonly string[]) => string[]> = {
    put: (words) => {
      const request = parsePut(words);
      checkPut(request);
      const { prevKv } = this.#apply(this.#mvcc.put(request));
      return [this.#at(), ...(prevKv === undefined ? [] : [`was ${showKv(prevKv)}`])];
    },
    get: (words) => {
      const request = parseRange(words);
      checkRange(request);
      return showRange(this.#mvcc.range(request));
    },
    del: (words) => {
      const request = parseDelete(words);
      checkDeleteRange(request);
      const { deleted, prevKvs } = this.#apply(this.#mvcc.deleteRange(request));
      return [`deleted ${deleted}, ${this.#at()}`, ...prevKvs.map((kv) => `was ${showKv(kv)}`)];
    },
    txn: (words, lines) => {
      const request = parseTxn(lines);
      checkTxn(request, { maxTxnOps: Number(words.options.get('maxOps') ?? 128) });
      const result = this.#apply(this.#mvcc.txn(request));
      return [...showTxn(result), this.#at()];
    },
    compact: ({ plain }) => {
      this.#mvcc.compact(Number(plain[1]));
      return [this.#mvcc.describe()];
    },
    'compaction-step': ({ plain }) => {
      this.#mvcc.compactionSteps(Number(plain[1])).next();
      return [this.#mvcc.describe()];
    },
    records: () => [`${this.#backend.size} records in the backend`],
    state: () => [this.#mvcc.describe()],
    restore: () => {
      const before = this.#mvcc.hash();
      this.#mvcc = new Mvcc(this.#backend);
      this.#mvcc.restore();
      this.#hub.reset(this.#mvcc);
      const same = this.#mvcc.hash() === before ? 'same digest' : 'ANOTHER DIGEST';
      return [`${this.#mvcc.describe()}, ${same}`];
    },
    grant: ({ plain: [, id = '', ttl] }) => {
      const ttlSeconds = checkLeaseGrant({ ttlSeconds: Number(ttl) }, { minTtlSeconds: 2 });
      this.#mvcc.leaseGrant(BigInt(id), ttlSeconds);
      return [`ttl ${ttlSeconds}`];
    },
    revoke: ({ plain: [, id = ''] }) => {
      this.#apply(this.#mvcc.leaseRevoke(BigInt(id)));
      return [this.#at()];
    },
    lease: ({ plain: [, id = ''] }) => {
      const info = this.#mvcc.leases.info(BigInt(id));
      if (info === undefined) return ['no such lease'];
      return [`ttl ${info.ttlSeconds}, keys ${info.keys.join(' ')}`];
    },
    ...this.#watchHandlers(),
  };

  #watchHandlers(): Record<string, (words: Words) => string[]> {
    const at = (name = ''): Watcher => this.#watchers.get(name) as Watcher;
    return {
      watch: ({ plain: [command = '', name = '', ...rest], options }) => {
        const request = parseWatch({ plain: [command, ...rest], options });
        const watcher = this.#hub.add(request, {
          events: (events, revision) => {
            const refuses = this.#refusing.has(name);
            const lines = events.map((event) => `  ${showEvent(event)}`);
            this.#heard.push(
              refuses ? `${name} refuses up to ${revision}` : `${name} hears up to ${revision}`,
              ...(refuses ? [] : lines),
            );
            return !refuses;
          },
          compacted: (revision) => this.#heard.push(`${name} ends: compacted at ${revision}`),
        });
        this.#watchers.set(name, watcher);
        return [watcher.synced ? 'synced' : 'unsynced'];
      },
      unwatch: ({ plain }) => {
        this.#hub.remove(at(plain[1]));
        return ['ok'];
      },
      refuse: ({ plain: [, name = ''] }) => {
        this.#refusing.add(name);
        return ['ok'];
      },
      accept: ({ plain: [, name = ''] }) => {
        this.#refusing.delete(name);
        this.#hub.resume(at(name));
        return [at(name).synced ? 'synced' : 'unsynced'];
      },
      sync: ({ plain }) => [this.#hub.syncSlice(Number(plain[1])) ? 'more to do' : 'done'],
      progress: ({ plain }) => [`has everything up to ${this.#hub.progress(at(plain[1]))}`],
    };
  }

  #apply<T>(applied: Applied<T>): T {
    this.#hub.notify(applied.revision, applied.events);
    return applied.result;
  }

  #at(): string {
    return `revision ${this.#mvcc.revision}`;
  }
}
