import { QuorateError } from '#shared/base';
import type { LogOptions } from '#shared/client';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import type { PodManager } from './pod-manager.ts';
import { allContainers } from './pod-record.ts';

/** Output of this node's pods, with kubelet's answers where there is none. */
export class PodLogs {
  readonly #pods: Pick<PodManager, 'find'>;
  readonly #runtime: ContainerRuntime;

  constructor(pods: Pick<PodManager, 'find'>, runtime: ContainerRuntime) {
    this.#pods = pods;
    this.#runtime = runtime;
  }

  async open(
    namespace: string,
    name: string,
    options: LogOptions,
  ): Promise<AsyncIterable<Uint8Array>> {
    const pod = this.#pods.find(namespace, name);
    if (!pod) throw new QuorateError('not-found', `pod "${name}" not found on this node`);
    const names = allContainers(pod).map((container) => container.name);
    const mains = (pod.spec?.containers ?? []).map((container) => container.name);
    const container = options.container ?? (mains.length === 1 ? mains[0] : undefined);
    if (container === undefined) {
      const choice = `choose one of: [${mains.join(' ')}]`;
      const message = `a container name must be specified for pod ${name}, ${choice}`;
      throw new QuorateError('bad-request', message);
    }
    if (!names.includes(container)) {
      const message = `container ${container} is not valid for pod ${name}`;
      throw new QuorateError('bad-request', message);
    }
    const all = await this.#runtime.listContainers(pod.metadata?.uid ?? '');
    const attempts = all.filter((one) => one.name === container && one.state !== 'created');
    const wanted = options.previous ? attempts.at(-2) : attempts.at(-1);
    if (wanted) return this.#runtime.containerLog(wanted.id, options);
    if (options.previous) {
      const what = `previous terminated container "${container}" in pod "${name}"`;
      throw new QuorateError('bad-request', `${what} not found`);
    }
    const status = pod.status?.containerStatuses?.find((one) => one.name === container);
    const reason = status?.state?.waiting?.reason ?? 'ContainerCreating';
    throw new QuorateError(
      'bad-request',
      `container "${container}" in pod "${name}" is waiting to start: ${reason}`,
    );
  }
}
