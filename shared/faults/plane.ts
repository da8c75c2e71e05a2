import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { QuorateError, type Rng } from '#shared/base';
import type { Clock, Timer } from '#shared/clock';
import {
  checkFault,
  type PointTraits,
  type ClockFault,
  type DiskFault,
  type Fault,
  type FaultSpec,
  type LinkFault,
  type ProcessFault,
} from './fault.ts';
import { TermRun } from './terms.ts';

export interface PlaneOptions {
  /** The process's own name. */
  readonly name: string;
  /** The machine's time, which no fault bends. */
  readonly clock: Clock;
  readonly rng: Rng;
  /** Other parts live in this process: it is not to be paused or slowed. Default false. */
  readonly shared?: boolean;
  /** Where faults that survive a restart are kept; undefined: none do. */
  readonly file: string | undefined;
  /** Ends this process at once, as a crash does: nothing is flushed. */
  readonly crash: (code: number | undefined) => void;
}

/** A fault that is set, as the injectors see it. */
export interface ActiveFault<S extends FaultSpec = FaultSpec> {
  readonly id: string;
  readonly spec: S;
  /** Monotonic, of the machine. */
  readonly setAtMs: number;
  readonly endsAtMs: number | undefined;
  readonly survivesRestart: boolean;
  readonly terms: TermRun | undefined;
  /** Nobody meets it before that. */
  inForce: boolean;
  hits: number;
}

export interface SetOptions {
  /** Set now, and in force when `enforce` says so. Default false. */
  readonly held?: boolean | undefined;
  readonly forMs?: number | undefined;
  readonly survivesRestart?: boolean | undefined;
}

interface Stored {
  readonly spec: FaultSpec;
  readonly endsAtUnixMs?: number;
}

const maxFaults = 1000;

/**
 * What is broken on purpose in one process. Injectors (links, disks, clock, points) ask it at every
 * turn; where nothing is set they find empty lists.
 */
export class FaultPlane {
  readonly name: string;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly crash: (code: number | undefined) => void;
  readonly #points = new Map<string, PointTraits>();
  #hasDisk = false;
  readonly #file: string | undefined;
  readonly #shared: boolean;
  readonly #faults = new Map<string, ActiveFault>();
  readonly #timers = new Map<string, Timer>();
  readonly #listeners: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];
  #links: readonly ActiveFault<LinkFault>[] = [];
  #disks: readonly ActiveFault<DiskFault>[] = [];
  #clocks: readonly ActiveFault<ClockFault>[] = [];
  #processes: readonly ActiveFault<ProcessFault>[] = [];
  #pointRuns = new Map<string, ActiveFault>();
  #nextId = 1;

  constructor({ name, clock, rng, file, crash, shared = false }: PlaneOptions) {
    this.#shared = shared;
    this.name = name;
    this.clock = clock;
    this.rng = rng;
    this.crash = crash;
    this.#file = file;
  }

  /** Sets again what survived the last run of this process; it was checked then. */
  restore(): void {
    for (const { spec, endsAtUnixMs } of this.#readFile()) {
      const forMs = endsAtUnixMs === undefined ? undefined : endsAtUnixMs - this.clock.now();
      if (forMs === undefined || forMs > 0) this.#set(spec, { forMs, survivesRestart: true });
    }
  }

  /** Whoever has a failpoint says so; what is at a skippable one may be left out as if it were done. */
  addPoint(name: string, traits: PointTraits = { skippable: false }): void {
    this.#points.set(name, traits);
  }

  /** Whoever has a disk that can be broken says so. */
  addDisk(): void {
    this.#hasDisk = true;
  }

  get points(): ReadonlyMap<string, PointTraits> {
    return this.#points;
  }

  /** Throws `bad-request` where the fault makes no sense in this process. */
  set(spec: FaultSpec, options: SetOptions = {}): Fault {
    checkFault(spec, options.forMs, this.points);
    if (spec.kind === 'disk' && !this.#hasDisk) {
      throw new QuorateError('bad-request', `${this.name} stores nothing: it has no disk to break`);
    }
    if (this.#shared && spec.kind === 'process' && spec.what !== 'kill') {
      throw new QuorateError(
        'bad-request',
        'parts that share a process cannot be paused or slowed: use processes',
      );
    }
    if (options.survivesRestart && spec.kind === 'process' && spec.what !== 'slow') {
      throw new QuorateError(
        'bad-request',
        `a ${spec.what} is over when the process starts again: it cannot survive that`,
      );
    }
    return this.#set(spec, options);
  }

  #set(spec: FaultSpec, { forMs, survivesRestart = false, held = false }: SetOptions): Fault {
    if (this.#faults.size >= maxFaults) {
      throw new QuorateError(
        'resource-exhausted',
        `${maxFaults} faults are set already: heal some`,
      );
    }
    const id = `${spec.kind}-${this.#nextId++}`;
    const now = this.clock.monotonic();
    const fault: ActiveFault = {
      id,
      spec,
      setAtMs: now,
      endsAtMs: forMs === undefined ? undefined : now + forMs,
      survivesRestart,
      terms: spec.kind === 'point' ? new TermRun(spec.terms) : undefined,
      inForce: !held,
      hits: 0,
    };
    this.#faults.set(id, fault);
    if (forMs !== undefined)
      this.#timers.set(
        id,
        this.clock.after(forMs, () => void this.heal(id)),
      );
    this.#changed();
    return this.#describe(fault);
  }

  /** A fault that was held is met from now on, unless it was healed meanwhile. */
  enforce(id: string): void {
    const fault = this.#faults.get(id);
    if (!fault) return;
    fault.inForce = true;
    this.#changed();
  }

  list(): Fault[] {
    return [...this.#faults.values()].map((fault) => this.#describe(fault));
  }

  /** How many were healed; all of them where no id is given. */
  heal(id?: string): number {
    const ids = id === undefined ? [...this.#faults.keys()] : this.#faults.has(id) ? [id] : [];
    for (const one of ids) {
      this.#faults.delete(one);
      this.#timers.get(one)?.cancel();
      this.#timers.delete(one);
    }
    if (ids.length > 0) this.#changed();
    return ids.length;
  }

  /** Called whenever a fault is set, healed or over. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Resolves at the next change. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Faults of the link to `peer` that act on what goes in this direction. */
  links(peer: string, direction: 'in' | 'out'): readonly ActiveFault<LinkFault>[] {
    if (this.#links.length === 0) return this.#links;
    return this.#links.filter(
      ({ spec }) =>
        (spec.peer === '*' || spec.peer === peer) &&
        (spec.direction === 'both' || spec.direction === direction),
    );
  }

  disks(target: 'log' | 'backend'): readonly ActiveFault<DiskFault>[] {
    if (this.#disks.length === 0) return this.#disks;
    return this.#disks.filter(({ spec }) => spec.target === 'all' || spec.target === target);
  }

  get clocks(): readonly ActiveFault<ClockFault>[] {
    return this.#clocks;
  }

  get processes(): readonly ActiveFault<ProcessFault>[] {
    return this.#processes;
  }

  point(name: string): ActiveFault | undefined {
    return this.#pointRuns.get(name);
  }

  #describe({ id, spec, endsAtMs, survivesRestart, hits }: ActiveFault): Fault {
    const remainingMs =
      endsAtMs === undefined ? undefined : Math.max(0, endsAtMs - this.clock.monotonic());
    return { id, spec, remainingMs, survivesRestart, hits };
  }

  #changed(): void {
    const all = [...this.#faults.values()];
    const inForce = all.filter((fault) => fault.inForce);
    const of = <S extends FaultSpec>(kind: S['kind']): ActiveFault<S>[] =>
      inForce.filter((fault): fault is ActiveFault<S> => fault.spec.kind === kind);
    this.#links = of<LinkFault>('link');
    this.#disks = of<DiskFault>('disk');
    this.#clocks = of<ClockFault>('clock');
    this.#processes = of<ProcessFault>('process');
    this.#pointRuns = new Map();
    for (const fault of inForce) {
      if (fault.spec.kind === 'point') this.#pointRuns.set(fault.spec.name, fault);
    }
    this.#writeFile(all.filter(({ survivesRestart }) => survivesRestart));
    for (const listener of this.#listeners) listener();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #readFile(): Stored[] {
    if (this.#file === undefined) return [];
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as Stored[];
    } catch {
      // None survived; and a damaged list of faults is no reason not to start.
      return [];
    }
  }

  #writeFile(surviving: readonly ActiveFault[]): void {
    if (this.#file === undefined) return;
    if (surviving.length === 0) {
      rmSync(this.#file, { force: true });
      return;
    }
    const offset = this.clock.now() - this.clock.monotonic();
    const stored = surviving.map(({ spec, endsAtMs }): Stored => {
      return endsAtMs === undefined ? { spec } : { spec, endsAtUnixMs: endsAtMs + offset };
    });
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(stored)}\n`, { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}
