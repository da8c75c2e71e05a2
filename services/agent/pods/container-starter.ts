import { type ConfigMap, type Container, refs, type Secret, type Service } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ApiClient } from '#shared/client';
import type { Clock } from '#shared/clock';
import { check } from '../probes/check.ts';
import type { ContainerRuntime, PodSandbox } from '../runtime/runtime.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { containerEnvironment, podHostname } from './environment.ts';
import { expand } from './expand.ts';
import type { Start } from './plan.ts';
import type { PodEvents } from './pod-events.ts';
import { mayStart, type PodRecord } from './pod-record.ts';
import type { Waiting } from './pod-status.ts';
import { serviceVariables } from './service-variables.ts';

export interface StarterOptions {
  readonly api: Pick<ApiClient, 'get'>;
  readonly runtime: ContainerRuntime;
  readonly volumes: Pick<Volumes, 'mounts'>;
  readonly events: PodEvents;
  readonly clock: Clock;
  readonly nodeName: string;
  readonly hostIp: string;
  /** What the node offers to pods. */
  readonly allocatable: () => Promise<Readonly<Record<string, string>>>;
  readonly baseEnvironment: Readonly<Record<string, string>>;
  /** Those known of all namespaces; waits for them a little when an agent has just begun. */
  readonly services: () => Promise<readonly Service[]>;
}

const hookTimeoutMs = 30_000;

/** Takes a container from the manifest to a running process, with kubelet's events on the way. */
export class ContainerStarter {
  readonly #options: StarterOptions;

  constructor(options: StarterOptions) {
    this.#options = options;
  }

  /** Why it could not be, as the container's waiting state says it; undefined: it was started. */
  async start(record: PodRecord, sandbox: PodSandbox, start: Start): Promise<Waiting | undefined> {
    const { runtime, events, clock } = this.#options;
    const { container, attempt, after } = start;
    const { pod } = record;
    let id = start.created?.id;
    if (id === undefined) {
      const why = this.#whyNot(container);
      if (why) return this.#blocked(record, container, why);
      let config: Awaited<ReturnType<ContainerStarter['config']>>;
      try {
        config = await this.config(record, sandbox, container);
      } catch (thrown) {
        const { code, message } = QuorateError.from(thrown);
        if (code !== 'invalid') throw thrown;
        return this.#blocked(record, container, { reason: 'CreateContainerConfigError', message });
      }
      // Reading all that took its time.
      if (!mayStart(record)) return undefined;
      if (after) record.backoff.restarted(container.name, after.finishedAt ?? 0, clock.now());
      id = await runtime.createContainer(sandbox.id, { ...config, attempt });
      events.normal(pod, 'Created', `Created container: ${container.name}`);
    }
    await runtime.startContainer(id);
    const status = await runtime.containerStatus(id);
    if (status.reason === 'StartError') {
      events.warning(pod, 'Failed', `Error: ${status.message ?? ''}`);
    } else {
      events.normal(pod, 'Started', `Started container ${container.name}`);
      await this.#postStart(record, sandbox, container, id);
    }
    return undefined;
  }

  /** An image without a command cannot be run without an image: say so, instead of failing. */
  #whyNot({ command, args, image = '' }: Container): Waiting | undefined {
    // As of an image without an entrypoint, such as busybox: its arguments are the command.
    if (command?.[0] ?? args?.[0]) return undefined;
    const message =
      `no command specified: the process runtime runs commands and does not pull ` +
      `image "${image}"; set 'command' or 'args' in the container's spec`;
    return { reason: 'CreateContainerError', message };
  }

  #blocked({ pod, said }: PodRecord, { name }: Container, why: Waiting): Waiting {
    const text = `Error: ${why.message ?? why.reason}`;
    // The pod is looked at again and again; the event says it once, until it says something else.
    if (!said.has(`${name} ${text}`)) this.#options.events.warning(pod, 'Failed', text);
    said.add(`${name} ${text}`);
    return why;
  }

  async config(record: PodRecord, sandbox: PodSandbox, container: Container) {
    const { name, image = '', workingDir, command = [], args = [] } = container;
    const { stdin, stdinOnce, tty } = container;
    const env = await this.#environment(record, sandbox, container);
    const mounts = this.#options.volumes.mounts(record.pod, container, record.volumes, env);
    return {
      name,
      image,
      env,
      workingDir,
      hostname: record.pod.spec?.hostNetwork ? undefined : podHostname(record.pod),
      stdin,
      stdinOnce,
      tty,
      mounts,
      command: [...command, ...args].map((word) => expand(word, env)),
    };
  }

  async #environment(record: PodRecord, sandbox: PodSandbox, container: Container) {
    const { nodeName, hostIp, baseEnvironment: base } = this.#options;
    const { pod, environments } = record;
    const namespace = pod.metadata?.namespace ?? '';
    const sources = {
      configMap: (name: string) => this.#find<ConfigMap>(refs.configMaps, name, namespace),
      secret: (name: string) => this.#find<Secret>(refs.secrets, name, namespace),
    };
    try {
      const allocatable = await this.#options.allocatable();
      const services = serviceVariables(
        await this.#options.services(),
        namespace,
        pod.spec?.enableServiceLinks !== false,
      );
      const node = { nodeName, hostIp, allocatable };
      const context = { ...node, pod, podIp: sandbox.ip, base, services, sources };
      const env = await containerEnvironment(container, context);
      environments.set(container.name, env);
      return env;
    } catch (thrown) {
      const last = environments.get(container.name);
      // No API server: a restart with what was true last is better than none.
      if (last && QuorateError.is(thrown, 'unavailable', 'deadline-exceeded')) return last;
      throw thrown;
    }
  }

  async #find<T extends ConfigMap | Secret>(
    ref: typeof refs.configMaps,
    name: string,
    namespace: string,
  ): Promise<T | undefined> {
    try {
      return await this.#options.api.get<T>(ref, name, namespace);
    } catch (thrown) {
      if (QuorateError.is(thrown, 'not-found')) return undefined;
      throw thrown;
    }
  }

  async #postStart(
    { pod }: PodRecord,
    sandbox: PodSandbox,
    container: Container,
    containerId: string,
  ): Promise<void> {
    const hook = container.lifecycle?.postStart;
    if (!hook) return;
    const { runtime, clock, events } = this.#options;
    const target = { container, containerId, podIp: sandbox.ip, runtime, clock };
    const { ok, output } = await check(hook, target, hookTimeoutMs);
    if (ok) return;
    events.warning(pod, 'FailedPostStartHook', `PostStartHook failed: ${output}`);
    await runtime.stopContainer(containerId, 0);
  }
}
