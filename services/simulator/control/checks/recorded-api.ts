import type { KubeObject, ResourceRef } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ApiClient, Fence, ListOptions, WatchOptions, WriteOptions } from '#shared/client';
import type { ApiWatches } from './api-watches.ts';
import type { Granted } from './budgets.ts';
import type { FencedWrite } from './fencing.ts';
import type { FreshReads } from './fresh-reads.ts';
import type { Outcome } from './outcomes.ts';
import type { Bound, Deletion, Hit } from './preconditions.ts';
import type { Refused } from './quota-refusals.ts';
import { resourceName } from './objects.ts';
import { selects } from './selection.ts';
import type { Written } from './writes.ts';

/** Who wants to hear of what clients of the API ask and are answered. */
export interface Recording {
  /** Of the store, now. */
  readonly revision: () => number;
  readonly watches: ApiWatches;
  /** The client's process still runs. */
  readonly alive: () => boolean;
  readonly reads: Pick<FreshReads, 'got' | 'listed'>;
  asked(): void;
  answered(): void;
  readonly now: () => number;
  /** A lease of an elected one, by a renewal that was sent then. */
  renewed(fence: Fence, sentMs: number): void;
  /** Somebody gives a lead back. */
  resigns(fence: Fence): void;
  /** A write has taken effect for sure. */
  wrote(write: FencedWrite): void;
  /** It has changed an object that was there. */
  changed(written: Written): void;
  evicted(granted: Granted): void;
  /** It has changed nothing. */
  unchanged(outcome: Outcome): void;
  /** It was meant for one uid. */
  named(hit: Hit): void;
  bound(binding: Bound): void;
  /** Only the object of this uid, or this version, was to go, and it was granted. */
  deleted(deletion: Deletion): void;
  /** Somebody asks for a deletion; the result is called where it is granted. */
  deletes(resource: string, namespace: string, name: string): () => void;
  /** Somebody asks for a deletion, and in which way. */
  deletesBy(
    propagation: string,
    named: { readonly resource: string; readonly namespace: string; readonly name: string },
  ): void;
  /** Somebody asks for an object to be created; the result is called with the answer. */
  creates(resource: string, namespace: string): () => void;
  /** A creation was refused. */
  refused(refused: Refused): void;
  /** Nobody knows whether this object was created. */
  uncertain(resource: string): void;
}

/** Answers after which a write may have taken effect all the same. */
const uncertain = ['unavailable', 'deadline-exceeded', 'canceled', 'internal'] as const;

/** The same client; everything that goes through it is told to the checkers. */
export function recordedApi<T extends ApiClient>(who: string, api: T, recording: Recording): T {
  const ask = async <R>(call: () => Promise<R>): Promise<R> => {
    recording.asked();
    const result = await call();
    recording.answered();
    return result;
  };
  return {
    ...api,
    ...reads(who, api, recording, ask),
    ...writes(who, api, recording, ask),
    ...leads(api, recording),
  };
}

const leads = (api: ApiClient, recording: Recording) => ({
  renew: async (fence: Fence, identity: string): Promise<void> => {
    const sentMs = recording.now();
    await api.renew(fence, identity);
    recording.renewed(fence, sentMs);
  },
  resign: (fence: Fence, identity: string): Promise<void> => {
    recording.resigns(fence);
    return api.resign(fence, identity);
  },
});

type Ask = <R>(call: () => Promise<R>) => Promise<R>;

function reads(who: string, api: ApiClient, recording: Recording, ask: Ask) {
  const read = (ref: ResourceRef, namespace: string | undefined) => {
    return { who, resource: resourceName(ref), since: recording.revision(), namespace };
  };
  type ListRead = Parameters<FreshReads['listed']>[0];
  /** Lists that go on, by what they go on with. */
  const pages = new Map<string, { readonly record: ListRead; readonly items: KubeObject[] }>();
  return {
    get: async <O extends KubeObject>(ref: ResourceRef, name: string, namespace?: string) => {
      const record = read(ref, namespace);
      try {
        const object = await ask(() => api.get<O>(ref, name, namespace));
        recording.reads.got(record, name, object);
        return object;
      } catch (thrown) {
        if (QuorateError.is(thrown, 'not-found')) recording.reads.got(record, name, undefined);
        throw thrown;
      }
    },
    list: async <O extends KubeObject>(ref: ResourceRef, options: ListOptions = {}) => {
      const begun = options.continue === undefined ? undefined : pages.get(options.continue);
      const record = begun?.record ?? {
        ...read(ref, options.namespace),
        selects: selects(options),
      };
      const list = await ask(() => api.list<O>(ref, options));
      const items = [...(begun?.items ?? []), ...list.items];
      if (options.resourceVersion || (options.continue && !begun)) return list;
      if (list.continue) pages.set(list.continue, { record, items });
      else recording.reads.listed(record, { items, resourceVersion: list.resourceVersion });
      return list;
    },
    watch: <O extends KubeObject>(ref: ResourceRef, options: WatchOptions = {}) =>
      recordedWatch(recording.watches.begin(who, resourceName(ref), options, recording.alive), () =>
        api.watch<O>(ref, options),
      ),
  };
}

async function* recordedWatch<E extends Awaited<ReturnType<ApiWatches['begin']>['events'][number]>>(
  record: ReturnType<ApiWatches['begin']>,
  open: () => AsyncIterable<E>,
): AsyncGenerator<E, void> {
  try {
    for await (const event of open()) {
      record.events.push(event);
      yield event;
    }
  } finally {
    record.open = false;
  }
}

interface Named {
  /** The write of it. */
  readonly what: string;
  readonly ref: ResourceRef;
  readonly namespace: string | undefined;
  readonly name: string;
}

function writes(who: string, api: ApiClient, recording: Recording, ask: Ask) {
  const write = async <R extends KubeObject>(
    what: string,
    options: WriteOptions | undefined,
    call: () => Promise<R>,
  ): Promise<R> => {
    const since = recording.revision();
    const object = await ask(call);
    const revision = Number(object.metadata?.resourceVersion);
    // Else it changed nothing.
    if (revision > since) recording.wrote({ who, fence: options?.fence, what, revision });
    return object;
  };
  /** What it is answered where it changes nothing, or is refused for what is there. */
  const judged = async <R>(
    { what, ref, namespace, name }: Named,
    expected: string | undefined,
    call: () => Promise<R>,
  ): Promise<R> => {
    const since = recording.revision();
    const told = (answer: Outcome['answer'], version?: string): void =>
      recording.unchanged({
        who,
        what,
        resource: resourceName(ref),
        namespace,
        name,
        since,
        until: recording.revision(),
        answer,
        version,
      });
    try {
      const answer = await call();
      const { resourceVersion: version = '' } = (answer as KubeObject).metadata ?? {};
      if (version !== '' && Number(version) <= since) told('same', version);
      return answer;
    } catch (thrown) {
      const isOfIt = QuorateError.is(thrown) && thrown.message.includes(`"${name}"`);
      if (isOfIt && thrown.code === 'not-found') told('not-found');
      if (isOfIt && thrown.code === 'already-exists') told('already-exists');
      if (isOfIt && thrown.message.includes('has been modified') && expected)
        told('conflict', expected);
      throw thrown;
    }
  };
  const change = async <R extends KubeObject>(
    ref: ResourceRef,
    [what, name]: readonly [what: string, name: string],
    options: WriteOptions | undefined,
    { metadata: asked = {} }: KubeObject,
    call: () => Promise<R>,
  ): Promise<R> => {
    const since = recording.revision();
    const expected = asked.resourceVersion;
    const named = { what, ref, namespace: options?.namespace ?? asked.namespace, name };
    const answer = await judged(named, expected, () => write(what, options, call));
    const { uid } = answer.metadata ?? {};
    if (asked.uid !== undefined) recording.named({ who, what, meant: asked.uid, hit: uid });
    // Without the version before it, it might be somebody else's: who changes nothing gets the newest.
    if (expected === undefined || Number(answer.metadata?.resourceVersion) <= since) return answer;
    const { subresource } = options ?? {};
    recording.changed({ who, resource: resourceName(ref), subresource, expected, answer });
    return answer;
  };
  return {
    create: async <O extends KubeObject>(ref: ResourceRef, object: O, options?: WriteOptions) => {
      const what = `create of ${ref.resource} ${object.metadata?.name ?? ''}`;
      const since = recording.revision();
      const resource = resourceName(ref);
      const namespace = options?.namespace ?? object.metadata?.namespace ?? '';
      const answered = recording.creates(resource, namespace);
      try {
        const namespace = options?.namespace ?? object.metadata?.namespace;
        const named = { what, ref, namespace, name: object.metadata?.name ?? '' };
        const ask = () => write(what, options, () => api.create<O>(ref, object, options));
        return await (named.name === '' ? ask() : judged(named, undefined, ask));
      } catch (thrown) {
        if (QuorateError.is(thrown, ...uncertain)) recording.uncertain(resource);
        else if (QuorateError.is(thrown, 'forbidden')) {
          const asked = { who, resource, namespace, since, until: recording.revision() };
          recording.refused({ ...asked, why: thrown.message });
        }
        throw thrown;
      } finally {
        answered();
      }
    },
    createSubresource: async <O extends KubeObject>(
      ...[ref, name, sub, body, options]: Parameters<ApiClient['createSubresource']>
    ) => {
      const since = recording.revision();
      const answer = await write(`${ref.resource}/${sub} of ${name}`, options, () =>
        api.createSubresource<O>(ref, name, sub, body, options),
      );
      const { uid } = body.metadata ?? {};
      if (sub === 'binding' && uid !== undefined) {
        const { namespace = '' } = options ?? {};
        recording.bound({ who, namespace, name, uid, since, until: recording.revision() });
      }
      if (sub === 'eviction') {
        const { namespace = '' } = options ?? {};
        recording.evicted({ namespace, name, since, until: recording.revision() });
      }
      return answer;
    },
    delete: async (...[ref, name, options = {}]: Parameters<ApiClient['delete']>) => {
      const { namespace, uid } = options;
      const resource = resourceName(ref);
      const granted = recording.deletes(resource, namespace ?? '', name);
      const { resourceVersion, propagation } = options;
      if (propagation)
        recording.deletesBy(propagation, { resource, namespace: namespace ?? '', name });
      const since = recording.revision();
      const it = { what: `delete of ${ref.resource} ${name}`, ref, namespace, name };
      const answer = await judged(it, undefined, () => ask(() => api.delete(ref, name, options)));
      granted();
      const until = recording.revision();
      const named = uid !== undefined || resourceVersion !== undefined;
      const what = { resource, namespace, name, uid, resourceVersion, propagation };
      const deletion = { who, ...what, since, until };
      if (named) recording.deleted(deletion);
      return answer;
    },
    update: async <O extends KubeObject>(ref: ResourceRef, object: O, options?: WriteOptions) => {
      const what = `update of ${ref.resource} ${object.metadata?.name}`;
      const { name = '' } = object.metadata ?? {};
      return change(ref, [what, name], options, object, () => api.update<O>(ref, object, options));
    },
    patch: async <O extends KubeObject>(
      ...[ref, name, type, patch, options]: Parameters<ApiClient['patch']>
    ) => {
      const what = `patch of ${ref.resource} ${name}`;
      return change(ref, [what, name], options, patch as KubeObject, () =>
        api.patch<O>(ref, name, type, patch, options),
      );
    },
  };
}
