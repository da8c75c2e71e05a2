import { QuorateError } from '#shared/base';
import type { KubeObject } from '#shared/api';
import type { Answer, Call } from '#shared/checks';
import type { ApiClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import type { Recorder } from './recorder.ts';
import type { WorkloadOptions } from './kv-workload.ts';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const configMaps = { group: '', version: 'v1', resource: 'configmaps' } as const;
const revisionOf = (object: KubeObject): number => Number(object.metadata?.resourceVersion ?? 0);

/**
 * One client of the API server that creates, reads, updates and deletes ConfigMaps until it is told
 * to stop. An object is one key whose `mod` is its resourceVersion; `prefix` is the namespace.
 */
export async function apiWorkload(
  api: ApiClient,
  recorder: Recorder,
  name: string,
  options: WorkloadOptions,
): Promise<void> {
  const { clock = systemClock, rng, signal, keys = 4, pauseMs = 10 } = options;
  const client = new ObjectClient(api, recorder, options.prefix);
  const seen = new Map<string, number>();
  for (let i = 0; !signal.aborted; i++) {
    const key = `object-${rng.int(keys)}`;
    const revision = seen.get(key) ?? 0;
    try {
      if (rng.int(2) === 0) seen.set(key, await client.get(key));
      else if (revision === 0) seen.set(key, await client.create(key, `${name}.${i}`));
      else if (rng.int(5) > 0) seen.set(key, await client.update(key, `${name}.${i}`, revision));
      else {
        await client.delete(key, revision);
        seen.set(key, 0);
      }
    } catch {
      // Recorded, with what is known of its outcome; what is there now is to be read.
      seen.delete(key);
      await clock.sleep(5);
    }
    if (pauseMs > 0) await clock.sleep(rng.next() * pauseMs);
  }
}

class ObjectClient {
  readonly #api: ApiClient;
  readonly #recorder: Recorder;
  readonly #namespace: string;
  readonly #who: { readonly client: number };

  constructor(api: ApiClient, recorder: Recorder, namespace: string) {
    this.#api = api;
    this.#recorder = recorder;
    this.#namespace = namespace;
    this.#who = { client: recorder.newClient() };
  }

  /** The revision seen; 0 where there is no such object. */
  async get(key: string): Promise<number> {
    const call: Call = { type: 'range', key };
    const found = await this.#recorder
      .record(
        this.#who,
        call,
        () => this.#api.get<ConfigMap>(configMaps, key, this.#namespace),
        (object) => ({ kvs: [{ key, value: object.data?.['v'], mod: revisionOf(object) }] }),
        (error) => (error.code === 'not-found' ? { kvs: [] } : undefined),
      )
      .catch((thrown: unknown) => {
        if (QuorateError.is(thrown, 'not-found')) return undefined;
        throw thrown;
      });
    return found ? revisionOf(found) : 0;
  }

  create(key: string, value: string): Promise<number> {
    return this.#write(key, 0, value, () =>
      this.#api.create(configMaps, this.#object(key, value), { namespace: this.#namespace }),
    );
  }

  update(key: string, value: string, revision: number): Promise<number> {
    const object = this.#object(key, value, String(revision));
    return this.#write(key, revision, value, () =>
      this.#api.update(configMaps, object, { namespace: this.#namespace }),
    );
  }

  async delete(key: string, revision: number): Promise<void> {
    const call = guarded(key, revision, { type: 'delete', key });
    await this.#recorder.record(
      this.#who,
      call,
      () =>
        this.#api.delete(configMaps, key, {
          namespace: this.#namespace,
          resourceVersion: String(revision),
        }),
      // The answer has the object as it was; the deletion's own revision is not told.
      () => ({ succeeded: true, answers: [{ deleted: 1 }] }),
      refusal,
    );
  }

  async #write(
    key: string,
    guard: number,
    value: string,
    run: () => Promise<KubeObject>,
  ): Promise<number> {
    const call = guarded(key, guard, { type: 'put', key, value });
    const answer = (object: KubeObject): Answer => ({
      revision: revisionOf(object),
      succeeded: true,
      answers: [{}],
    });
    return revisionOf(await this.#recorder.record(this.#who, call, run, answer, refusal));
  }

  #object(key: string, value: string, resourceVersion?: string): ConfigMap {
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: key,
        namespace: this.#namespace,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      data: { v: value },
    };
  }
}

function guarded(
  key: string,
  revision: number,
  op: Extract<Call, { type: 'put' | 'delete' }>,
): Call {
  const compare = [{ key, target: 'mod', result: 'equal', operand: revision } as const];
  return { type: 'txn', compare, success: [op], failure: [] };
}

/** The object was another than the writer thought: the transaction's other way. */
function refusal(error: QuorateError): Answer | undefined {
  const other = ['conflict', 'already-exists', 'not-found'].includes(error.code);
  return other ? { succeeded: false, answers: [] } : undefined;
}
