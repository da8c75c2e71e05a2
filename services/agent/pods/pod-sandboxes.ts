import type { Pod } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ContainerRuntime, PodSandbox } from '../runtime/runtime.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { PodEvents } from './pod-events.ts';
import { allContainers, type PodRecord } from './pod-record.ts';

export interface PodSandboxesOptions {
  readonly runtime: ContainerRuntime;
  readonly checkpoints: Pick<Checkpoints, 'save'>;
  readonly events: PodEvents;
  readonly hostIp: string;
}

/** Gives pods their sandbox, and says in events what it cannot give. */
export class PodSandboxes {
  readonly #options: PodSandboxesOptions;

  constructor(options: PodSandboxesOptions) {
    this.#options = options;
  }

  async ensure(record: PodRecord): Promise<PodSandbox> {
    const { runtime, checkpoints, events, hostIp } = this.#options;
    const { pod, said, uid } = record;
    const { metadata: { name = '', namespace = '' } = {}, spec } = pod;
    const config = { uid, name, namespace };
    const first = !said.has('sandbox');
    try {
      if (first) await checkpoints.save(pod);
      const sandbox = await runtime.runPodSandbox(
        spec?.hostNetwork ? { ...config, hostIp } : config,
      );
      if (first) this.#sayUnsupported(pod);
      said.add('sandbox');
      return sandbox;
    } catch (thrown) {
      const text = `Failed to create pod sandbox: ${QuorateError.from(thrown).message}`;
      if (!said.has(text)) events.warning(pod, 'FailedCreatePodSandBox', text);
      said.add(text);
      throw thrown;
    }
  }

  #sayUnsupported(pod: Pod): void {
    const mounts = allContainers(pod).flatMap(({ name, volumeMounts = [] }) =>
      volumeMounts.map(({ mountPath }) => `${mountPath} of container ${name}`),
    );
    if (mounts.length === 0) return;
    const text =
      `the process runtime does not mount volumes: not there: ${mounts.join(', ')}; ` +
      `use env or envFrom for ConfigMaps and Secrets`;
    this.#options.events.warning(pod, 'FailedMount', text);
  }
}
