import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Pod } from '#shared/api';
import { QuorateError } from '#shared/base';
import type {
  CommandOptions,
  ExecOptions,
  ForwardedConnection,
  LogOptions,
  PodsHost,
  RunningCommand,
} from '#shared/client';
import type { ContainerRuntime, ContainerStatus } from '../runtime/runtime.ts';
import type { PodManager } from './pod-manager.ts';
import { allContainers } from './pod-record.ts';

/** The ways into this node's pods, with kubelet's answers where there is none. */
export class PodAccess implements PodsHost {
  readonly #pods: Pick<PodManager, 'find'>;
  readonly #runtime: ContainerRuntime;

  constructor(pods: Pick<PodManager, 'find'>, runtime: ContainerRuntime) {
    this.#pods = pods;
    this.#runtime = runtime;
  }

  async *log(
    namespace: string,
    name: string,
    options: LogOptions,
  ): AsyncGenerator<Uint8Array, void> {
    yield* await this.#openLog(namespace, name, options);
  }

  async #openLog(
    namespace: string,
    name: string,
    options: LogOptions,
  ): Promise<AsyncIterable<Uint8Array>> {
    const pod = this.#find(namespace, name);
    const container = chooseContainer(pod, options.container);
    const attempts = (await this.#attempts(pod, container)).filter(
      ({ state }) => state !== 'created',
    );
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

  async exec(
    namespace: string,
    name: string,
    options: ExecOptions,
  ): Promise<() => Promise<RunningCommand>> {
    const id = await this.#running(namespace, name, options.container);
    return () => this.#runtime.exec(id, options);
  }

  async attach(
    namespace: string,
    name: string,
    options: CommandOptions,
  ): Promise<() => Promise<RunningCommand>> {
    const id = await this.#running(namespace, name, options.container);
    return () => this.#runtime.attach(id, options);
  }

  /** Throws `failed-precondition` where nobody listens there. */
  async forward(namespace: string, name: string, port: number): Promise<ForwardedConnection> {
    const pod = this.#find(namespace, name);
    return connectionOf(await this.#runtime.portForward(pod.metadata?.uid ?? '', port));
  }

  async #running(namespace: string, name: string, asked?: string): Promise<string> {
    const pod = this.#find(namespace, name);
    const container = chooseContainer(pod, asked);
    const { id, state } = (await this.#attempts(pod, container)).at(-1) ?? {};
    if (id !== undefined && state === 'running') return id;
    throw new QuorateError('not-found', `container not found ("${container}")`);
  }

  #find(namespace: string, name: string): Pod {
    const pod = this.#pods.find(namespace, name);
    if (!pod) throw new QuorateError('not-found', `pod "${name}" not found on this node`);
    return pod;
  }

  async #attempts(pod: Pod, container: string): Promise<ContainerStatus[]> {
    const all = await this.#runtime.listContainers(pod.metadata?.uid ?? '');
    return all.filter((one) => one.name === container);
  }
}

const connectionOf = (socket: Socket): ForwardedConnection => ({
  received: socket as AsyncIterable<Buffer>,
  async send(data) {
    if (!socket.writable || socket.write(data)) return;
    await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
  },
  end: () => void socket.end(),
  cancel: () => void socket.destroy(),
});

function chooseContainer(pod: Pod, asked: string | undefined): string {
  const name = pod.metadata?.name ?? '';
  const mains = (pod.spec?.containers ?? []).map((container) => container.name);
  const container = asked ?? (mains.length === 1 ? mains[0] : undefined);
  if (container === undefined) {
    const choice = `choose one of: [${mains.join(' ')}]`;
    const message = `a container name must be specified for pod ${name}, ${choice}`;
    throw new QuorateError('bad-request', message);
  }
  if (!allContainers(pod).some((one) => one.name === container)) {
    const message = `container ${container} is not valid for pod ${name}`;
    throw new QuorateError('bad-request', message);
  }
  return container;
}
