import { isDeepStrictEqual } from 'node:util';
import { isPodTerminal, type Pod, type PodStatus, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import { type ApiClient, createWorkQueue, type WorkQueue } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { takeNewer } from './newer.ts';
import { isOwn } from './pod-status.ts';
import type { PodRecord } from './pod-record.ts';

export interface StatusWriterOptions {
  readonly api: Pick<ApiClient, 'patch' | 'delete'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly find: (uid: string) => PodRecord | undefined;
  /** The object of a finished pod is gone from the API. */
  readonly onDeleted: (uid: string) => void;
}

/**
 * Tells the API server what is: writes a pod's status when it is another one than the stored, and
 * deletes the object of a pod that was to go and has ended. Apart from looking after containers, so
 * that those do not wait for an API server; repeated until it has worked.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #queue: WorkQueue;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#queue = createWorkQueue({
      clock: options.clock,
      onError: (uid, thrown, failures) => {
        const fields = { uid, failures, error: QuorateError.from(thrown).message };
        // That no server answers is said elsewhere, once for all pods.
        const expected = QuorateError.is(thrown, 'unavailable', 'deadline-exceeded');
        const level = expected || failures > 1 ? 'debug' : 'warn';
        options.log[level](fields, 'pod status not written yet');
      },
    });
  }

  changed(uid: string): void {
    this.#queue.add(uid);
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#queue.run(4, (uid) => this.#write(uid), signal);
  }

  async #write(uid: string): Promise<void> {
    const record = this.#options.find(uid);
    // Of a pod not heard of yet, the stored status may be a later one.
    if (!record || record.gone || record.restored) return;
    try {
      await this.#writeStatus(record);
      if (record.finished) await this.#delete(record);
    } catch (thrown) {
      // Gone, or replaced by a namesake: the informer says so too, or a new list does.
      if (!QuorateError.is(thrown, 'not-found', 'conflict')) throw thrown;
      if (record.finished) this.#options.onDeleted(uid);
    }
  }

  async #writeStatus(record: PodRecord): Promise<void> {
    const { status, pod } = record;
    if (!status || isDeepStrictEqual(sorted(status), sorted(pod.status))) return;
    // Ended by others since this was seen: the next turn knows.
    if (isPodTerminal(pod) && status.phase !== pod.status?.phase) return;
    const { name = '', namespace = '' } = pod.metadata ?? {};
    const patch = { metadata: { uid: record.uid }, status: statusPatch(status, pod.status) };
    const options = { namespace, subresource: 'status' };
    const { api } = this.#options;
    takeNewer(record, await api.patch<Pod>(refs.pods, name, 'strategic', patch, options));
  }

  async #delete({ pod, uid }: PodRecord): Promise<void> {
    const { name = '', namespace = '' } = pod.metadata ?? {};
    const options = { namespace, gracePeriodSeconds: 0, uid };
    const { gone } = await this.#options.api.delete(refs.pods, name, options);
    if (gone) this.#options.onDeleted(uid);
  }
}

/**
 * A patch leaves alone what it does not name: what is no longer there is named null. Conditions are merged by their
 * type: what others say meanwhile, such as why the pod has to go, stays.
 */
function statusPatch(status: PodStatus, before: PodStatus = {}): Record<string, unknown> {
  const removed = Object.keys(before).filter((key) => !(key in status));
  const isMoved = before.podIPs !== undefined && before.podIP !== status.podIP;
  return {
    ...status,
    conditions: status.conditions
      ?.filter(({ type }) => isOwn(type))
      .map((condition) => ({ reason: null, message: null, ...condition })),
    ...(status.podIPs && isMoved && { podIPs: [{ $patch: 'replace' }, ...status.podIPs] }),
    ...Object.fromEntries(removed.map((key) => [key, null])),
  };
}

/** Whoever says what first. */
const sorted = (status: PodStatus = {}): PodStatus => ({
  ...status,
  ...(status.conditions && {
    conditions: status.conditions.toSorted((a, b) => (a.type < b.type ? -1 : 1)),
  }),
});
