import { type Event, type KubeObject, refs } from '#shared/api';
import { createRng, QuorateError, type Rng } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { ApiClient } from './api-client.ts';
import { timestamp } from './timestamp.ts';

/** Events remembered for counting; client-go's cache is of the same size. */
const rememberedMax = 4_096;
/** Events are for people: under a flood the newest are dropped rather than kept in memory. */
const pendingMax = 1_000;

export type EventType = 'Normal' | 'Warning';

export interface EventRecorder {
  /**
   * Says that something happened to an object, which must have its apiVersion and kind. Equal events
   * become one with a growing count. Returns at once; an event that cannot be written is dropped.
   */
  event(regarding: KubeObject, type: EventType, reason: string, message: string): void;
  /** Resolves when everything recorded so far is written or dropped. */
  flush(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly api: Pick<ApiClient, 'create' | 'patch'>;
  /** `source.component`: kube-scheduler, kubelet, deployment-controller, … */
  readonly component: string;
  /** `source.host`: the node, for agents. */
  readonly host?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** For the events' names; absent: seeded from the clock. */
  readonly rng?: Rng | undefined;
}

interface Remembered {
  readonly name: string;
  count: number;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { api, clock, log } = options;
  const uniqueName = createNamer(clock, options.rng ?? createRng(clock.now()));
  const remembered = new Map<string, Remembered>();
  let pending = 0;
  let last: Promise<void> = Promise.resolve();

  const remember = (key: string, name: string): void => {
    remembered.set(key, { name, count: 1 });
    const [oldest] = remembered.keys();
    if (remembered.size > rememberedMax && oldest !== undefined) remembered.delete(oldest);
  };
  const write = async (event: Event, key: string): Promise<void> => {
    const namespace = event.metadata?.namespace;
    const known = remembered.get(key);
    if (known) {
      known.count++;
      const patch = { count: known.count, lastTimestamp: event.lastTimestamp };
      try {
        await api.patch(refs.events, known.name, 'merge', patch, { namespace });
        return;
      } catch (thrown) {
        // Events expire: then it is a first one again.
        if (!QuorateError.is(thrown, 'not-found')) throw thrown;
        remembered.delete(key);
      }
    }
    await api.create<Event>(refs.events, event);
    remember(key, event.metadata?.name ?? '');
  };

  return {
    event(regarding, type, reason, message) {
      if (pending >= pendingMax) return;
      const event = eventOf(options, uniqueName, { regarding, type, reason, message });
      const key = JSON.stringify([event.involvedObject, type, reason, message]);
      pending++;
      last = last
        .then(() => write(event, key))
        .catch((thrown: unknown) => {
          const error = QuorateError.from(thrown).message;
          log.debug({ reason, error }, 'event dropped');
        })
        .finally(() => pending--);
    },
    flush: () => last,
  };
}

interface Happening {
  readonly regarding: KubeObject;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
}

/**
 * Names as client-go gives them: the object's, then the nanosecond in hexadecimal digits, so that a
 * list is in order of time. The clock knows milliseconds: the rest is each recorder's own, and grows.
 */
function createNamer(clock: Clock, rng: Rng): (objectName: string) => string {
  const nanosPerMs = 1_000_000;
  const own = BigInt(Math.floor(rng.next() * nanosPerMs));
  let last = 0n;
  return (objectName) => {
    const now = BigInt(Math.floor(clock.now())) * BigInt(nanosPerMs) + own;
    last = now > last ? now : last + 1n;
    return `${objectName}.${last.toString(16)}`;
  };
}

function eventOf(
  options: EventRecorderOptions,
  uniqueName: (objectName: string) => string,
  happening: Happening,
): Event {
  const { regarding, type, reason, message } = happening;
  const { apiVersion, kind, metadata: { name, namespace, uid } = {} } = regarding;
  const now = timestamp(options.clock);
  const involvedObject = {
    ...(apiVersion !== undefined && { apiVersion }),
    ...(kind !== undefined && { kind }),
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: uniqueName(name ?? ''), namespace: namespace ?? 'default' },
    involvedObject,
    type,
    reason,
    message,
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
    source: {
      component: options.component,
      ...(options.host !== undefined && { host: options.host }),
    },
    reportingComponent: options.component,
    reportingInstance: options.host ?? '',
  };
}
