import type { Clock, Timer } from '#shared/clock';
import type { SchedulerConfig } from './config.ts';
import type { ClusterEvent } from './plugins/plugin.ts';
import { filterPlugins } from './plugins/registry.ts';

/** A pod's stay in the queue, which ends with the pod: its namesake has one of its own. */
export interface Turn {
  readonly key: string;
}

interface Entry extends Turn {
  readonly priority: number;
  attempts: number;
  /** Not before this monotonic time. */
  backoffUntil: number;
  place: 'active' | 'backoff' | 'unschedulable' | 'in-work';
  /** What had happened when its turn came: what happens while it is in work is not lost on it. */
  eventsAtPop: Readonly<Record<ClusterEvent, number>>;
  /** So is what becomes of the pod itself. */
  changedInWork: boolean;
  /** What refused it, while unschedulable. */
  refusedBy: ReadonlySet<string>;
  timer: Timer | undefined;
}

/**
 * Pods that want a node, each in one place: active (by priority, then first come), in work, backing
 * off after a failure, or unschedulable until something happens that could make room.
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #config: SchedulerConfig;
  readonly #entries = new Map<string, Entry>();
  readonly #unschedulable = new Set<Entry>();
  readonly #active = new Map<number, Set<Entry>>();
  #wake: (() => void) | undefined;
  /** How many there were of each. */
  #events: Readonly<Record<ClusterEvent, number>> = {
    'node-changed': 0,
    'pod-placed': 0,
    'pod-removed': 0,
    'volume-changed': 0,
  };

  constructor(clock: Clock, config: SchedulerConfig) {
    this.#clock = clock;
    this.#config = config;
  }

  describe(): string {
    const places = [...this.#entries.values()].map(({ key, place }) => `${key}:${place}`);
    return places.sort().join(' ');
  }

  /** A pod that is new, or changed so that it may fit now. */
  add(key: string, priority: number): void {
    const known = this.#entries.get(key);
    if (known?.place === 'in-work') {
      known.changedInWork = true;
      return;
    }
    this.remove(key);
    const backoffUntil = known?.backoffUntil ?? 0;
    const attempts = known?.attempts ?? 0;
    const refusedBy = new Set<string>();
    const entry: Entry = {
      key,
      priority,
      attempts,
      backoffUntil,
      place: 'active',
      eventsAtPop: this.#events,
      changedInWork: false,
      refusedBy,
      timer: undefined,
    };
    this.#entries.set(key, entry);
    this.#activateInTime(entry);
  }

  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    entry.timer?.cancel();
    this.#unschedulable.delete(entry);
    this.#deactivate(entry);
    this.#entries.delete(key);
  }

  /**
   * The next pod, which is in work until one of the methods below is called for its turn. They do nothing
   * where it has been removed meanwhile.
   */
  async next(signal: AbortSignal): Promise<Turn | undefined> {
    const stop = (): void => this.#wake?.();
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (!signal.aborted) {
        const entry = this.#pop();
        if (entry) return entry;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      return undefined;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** No node takes the pod in work; `plugins` are those that refused it. */
  unschedulable(turn: Turn, plugins: ReadonlySet<string>): void {
    const entry = this.#fail(turn);
    if (!entry) return;
    entry.refusedBy = plugins;
    const missed = (Object.keys(this.#events) as ClusterEvent[]).some(
      (event) => this.#events[event] !== entry.eventsAtPop[event] && mayHelp(entry, event),
    );
    if (missed || entry.changedInWork) {
      this.#activateInTime(entry);
      return;
    }
    entry.place = 'unschedulable';
    this.#unschedulable.add(entry);
    const { unschedulableFlushMs } = this.#config;
    entry.timer = this.#clock.after(unschedulableFlushMs, () => this.#activateInTime(entry));
  }

  /** Something else failed; the pod in work is tried again after its back-off. */
  retry(turn: Turn): void {
    const entry = this.#fail(turn);
    if (entry) this.#activateInTime(entry);
  }

  /** The pod in work has its node. */
  done(turn: Turn): void {
    if (this.#entries.get(turn.key) === turn) this.remove(turn.key);
  }

  /** Moves every unschedulable pod that the event may help. */
  happened(event: ClusterEvent): void {
    this.#events = { ...this.#events, [event]: this.#events[event] + 1 };
    for (const entry of this.#unschedulable) {
      if (mayHelp(entry, event)) this.#activateInTime(entry);
    }
  }

  #fail(turn: Turn): Entry | undefined {
    const entry = this.#entries.get(turn.key);
    if (entry !== turn || entry.place !== 'in-work') return undefined;
    const { podInitialBackoffMs, podMaxBackoffMs } = this.#config;
    const backoffMs = Math.min(podMaxBackoffMs, podInitialBackoffMs * 2 ** entry.attempts);
    entry.attempts++;
    entry.backoffUntil = this.#clock.monotonic() + backoffMs;
    return entry;
  }

  #pop(): Entry | undefined {
    const [highest] = [...this.#active.keys()].sort((a, b) => b - a);
    const entries = highest === undefined ? undefined : this.#active.get(highest);
    const [entry] = entries ?? [];
    if (!entry) return undefined;
    this.#deactivate(entry);
    entry.place = 'in-work';
    entry.eventsAtPop = this.#events;
    entry.changedInWork = false;
    return entry;
  }

  #deactivate(entry: Entry): void {
    const same = this.#active.get(entry.priority);
    same?.delete(entry);
    if (same?.size === 0) this.#active.delete(entry.priority);
  }

  #activateInTime(entry: Entry): void {
    entry.timer?.cancel();
    this.#unschedulable.delete(entry);
    const waitMs = entry.backoffUntil - this.#clock.monotonic();
    if (waitMs > 0) {
      entry.place = 'backoff';
      entry.timer = this.#clock.after(waitMs, () => this.#activate(entry));
    } else this.#activate(entry);
  }

  #activate(entry: Entry): void {
    entry.place = 'active';
    const same = this.#active.get(entry.priority);
    if (same) same.add(entry);
    else this.#active.set(entry.priority, new Set([entry]));
    this.#wake?.();
  }
}

/** Whether one of those that refused the pod may think again. */
function mayHelp(entry: Entry, event: ClusterEvent): boolean {
  if (entry.refusedBy.size === 0) return true;
  return filterPlugins.some(
    ({ name, wakesOn }) => entry.refusedBy.has(name) && wakesOn.includes(event),
  );
}
