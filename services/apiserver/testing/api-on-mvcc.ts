import { createRng, QuorateError } from '#shared/base';
import type { ConfigMap, KubeObject, Pod, ResourceRef, Service } from '#shared/api';
import type { ApiClient, WatchOptions } from '#shared/client';
import { ManualClock } from '#shared/clock';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { type ApiServer, type ApiServerOptions, createApiServer } from '../server.ts';

/** Far more than any call takes. */
const maxTurns = 20_000;

export interface TestApi {
  readonly clock: ManualClock;
  readonly kv: MvccKv;
  readonly server: ApiServer;
  readonly api: ApiClient;
  /** Runs what is due now until the promise settles: watches deliver at the clock's turns. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** A second server on the same store. */
  another(): Promise<ApiServer>;
}

/** A started API server on a store in memory, in standing time. */
export async function startApi(
  // No controller makes the accounts that pods would need.
  { admission = { disabled: ['ServiceAccount'] } }: Pick<ApiServerOptions, 'admission'> = {},
): Promise<TestApi> {
  const clock = new ManualClock();
  const kv = new MvccKv(clock);
  let uid = 0;
  let seed = 0;
  const settle: TestApi['settle'] = (promise) => settleOn(clock, promise);
  const build = async (): Promise<ApiServer> => {
    const server = createApiServer({
      kv,
      clock,
      log: silentLog,
      rng: createRng(++seed),
      uuid: () => `uid-${++uid}`,
      admission,
    });
    await settle(server.start());
    return server;
  };
  const server = await build();
  return { clock, kv, server, api: inTurns(frozen(server.api), settle), settle, another: build };
}

/** Runs what is due now until the promise settles. */
export async function settleOn<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  const pending = { is: true };
  const done = (): void => {
    pending.is = false;
  };
  promise.then(done, done);
  for (let turn = 0; pending.is; turn++) {
    if (turn === maxTurns) throw new Error('nothing that is due now settles this');
    await clock.advance(0);
  }
  return promise;
}

/** Reads wait for the store's watch, whose events come at the clock's turns. */
function inTurns(api: ApiClient, settle: TestApi['settle']): ApiClient {
  const later = ['watch', 'logs', 'close', 'campaign'];
  const calls = Object.entries(api).map(([verb, call]: [string, unknown]) =>
    typeof call === 'function' && !later.includes(verb)
      ? [
          verb,
          (...args: unknown[]) =>
            settle((call as (...all: unknown[]) => Promise<unknown>)(...args)),
        ]
      : [verb, call],
  );
  return Object.fromEntries(calls) as ApiClient;
}

/** Objects are shared: whoever changed one handed out would fail here. */
function frozen(api: ApiClient): ApiClient {
  return {
    ...api,
    get: async <T extends KubeObject>(ref: ResourceRef, name: string, namespace?: string) =>
      deepFreeze(await api.get<T>(ref, name, namespace)),
    list: async <T extends KubeObject>(ref: ResourceRef, options = {}) =>
      deepFreeze(await api.list<T>(ref, options)),
    async *watch<T extends KubeObject>(ref: ResourceRef, options: WatchOptions = {}) {
      for await (const event of api.watch<T>(ref, options)) yield deepFreeze(event);
    },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const field of Object.values(value)) deepFreeze(field);
  }
  return value;
}

export interface Watching {
  /** `ADDED a@5`, in order. */
  readonly events: string[];
  /** The code of the error that ended it; `end` after an abort. */
  ended: string | undefined;
  stop(): Promise<void>;
}

/** Watches and notes what comes, until it ends. */
export async function watching(
  { api, clock }: TestApi,
  ref: ResourceRef,
  options: WatchOptions = {},
): Promise<Watching> {
  const abort = new AbortController();
  const notes: Watching = {
    events: [],
    ended: undefined,
    async stop() {
      abort.abort();
      await clock.advance(0);
    },
  };
  const run = async (): Promise<void> => {
    for await (const { type, object } of api.watch(ref, { ...options, signal: abort.signal })) {
      const { name = '', resourceVersion = '' } = object.metadata ?? {};
      notes.events.push(`${type} ${name}@${resourceVersion}`);
    }
    notes.ended = 'end';
  };
  run().catch((thrown: unknown) => {
    notes.ended = QuorateError.from(thrown).code;
  });
  // Authorized, opened and delivered.
  for (let turn = 0; turn < 3; turn++) await clock.advance(0);
  return notes;
}

/** The code of the QuorateError that a promise rejects with; `ok` where it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'ok';
  } catch (thrown) {
    return QuorateError.from(thrown).code;
  }
}

export const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  metadata: { name },
  data,
});

export const pod = (name: string, labels: Record<string, string> = {}): Pod => ({
  metadata: { name, labels },
  spec: { containers: [{ name: 'main', image: 'busybox', command: ['sleep', '9'] }] },
});

export const service = (name: string, spec: Service['spec'] = {}): Service => ({
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
});
