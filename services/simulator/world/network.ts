import type { Rng } from '#shared/base';
import { drawFrom, type Span } from './machine.ts';
import type { SimProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/** Chances are of each message. */
export interface Weather {
  readonly delayMs: Span;
  readonly loss: number;
  readonly duplicate: number;
  /** Of being overtaken by what is sent later. */
  readonly reorder: number;
}

/**
 * What becomes of whole states on their way: the stream breaks; or it takes longer than anybody waits;
 * or all of it has arrived when the stream breaks, so that its sender begins anew and it is late.
 */
export type SnapshotTrouble = 'broken' | 'late' | 'orphaned';

/** Which machines reach which, and how well. Directed, so that a cut may be one-way. */
export class Network {
  readonly #scheduler: Scheduler;
  readonly #rng: Rng;
  readonly #cuts = new Map<string, number>();
  /** How much later than usual a direction carries, in the end. */
  readonly #lags = new Map<string, { readonly byMs: number; readonly sinceMs: number }>();
  /** When the last message of a direction arrives: later ones do not overtake it. */
  readonly #busyUntil = new Map<string, number>();
  weather: Weather;
  /** Any: what is large gets lost. */
  blackHoles = 0;
  /** Of every other one. */
  snapshots: SnapshotTrouble | undefined;

  constructor(scheduler: Scheduler, rng: Rng, weather: Weather) {
    this.#scheduler = scheduler;
    this.#rng = rng;
    this.weather = weather;
  }

  cut(from: string, to: string): void {
    const key = `${from}>${to}`;
    this.#cuts.set(key, (this.#cuts.get(key) ?? 0) + 1);
  }

  /** Cuts may lie over each other. */
  mend(from: string, to: string): void {
    const key = `${from}>${to}`;
    const left = (this.#cuts.get(key) ?? 0) - 1;
    if (left > 0) this.#cuts.set(key, left);
    else this.#cuts.delete(key);
  }

  mendAll(): void {
    this.blackHoles = 0;
    this.snapshots = undefined;
    this.#cuts.clear();
    this.#lags.clear();
  }

  /** From now on more and more, for what is sent from one to the other; 0: as usual. */
  lag(from: string, to: string, byMs: number): void {
    const key = `${from}>${to}`;
    if (byMs > 0) this.#lags.set(key, { byMs, sinceMs: this.#scheduler.now });
    else this.#lags.delete(key);
  }

  /** It grows as fast as time passes, so that nobody is silent at any moment. */
  #lagOf(key: string): number {
    const lag = this.#lags.get(key);
    return lag ? Math.min(lag.byMs, this.#scheduler.now - lag.sinceMs) : 0;
  }

  reaches(from: string, to: string): boolean {
    return this.#cuts.size === 0 || !this.#cuts.has(`${from}>${to}`);
  }

  /** Both ways, as a connection needs it. */
  connects(a: string, b: string): boolean {
    return this.reaches(a, b) && this.reaches(b, a);
  }

  /** Something small arrives, maybe late, twice or never. */
  send(from: string, to: string, receiver: SimProcess, arrive: () => void): void {
    const { loss, duplicate } = this.weather;
    if (!this.reaches(from, to) || this.#rng.next() < loss) return;
    this.#carry(from, to, receiver, arrive);
    if (this.#rng.next() < duplicate) this.#carry(from, to, receiver, arrive);
  }

  /** Something that has a connection of its own: it arrives, late maybe, unless there is a cut. */
  call(from: string, to: string, receiver: SimProcess, arrive: () => void): void {
    this.#scheduler.at(receiver, this.#scheduler.now + this.delay(), () => {
      if (this.reaches(from, to)) arrive();
    });
  }

  /** What becomes of a snapshot that is sent now, and how much later than usual it arrives. */
  snapshotTrouble(): { readonly how: SnapshotTrouble; readonly lateMs: number } | undefined {
    if (this.snapshots === undefined || this.#rng.int(2) === 0) return undefined;
    const longestMs = { broken: 200, late: 14_000, orphaned: 1500 }[this.snapshots];
    return { how: this.snapshots, lateMs: this.#rng.next() * longestMs };
  }

  /** How long something is under way that is sent now. */
  delay(): number {
    return drawFrom(this.#rng, this.weather.delayMs);
  }

  #carry(from: string, to: string, receiver: SimProcess, arrive: () => void): void {
    const key = `${from}>${to}`;
    let at = this.#scheduler.now + this.delay() + this.#lagOf(key);
    if (this.#rng.next() < this.weather.reorder) at += this.delay() * 4;
    else at = Math.max(at, this.#busyUntil.get(key) ?? 0);
    this.#busyUntil.set(key, at);
    this.#scheduler.at(receiver, at, () => {
      if (this.reaches(from, to)) arrive();
    });
  }
}
