import { QuorateError } from '#shared/base';
import type { ContainerRuntime, PodSandbox } from '../runtime/runtime.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { PodEvents } from './pod-events.ts';
import type { PodRecord } from './pod-record.ts';

export interface PodSandboxesOptions {
  readonly runtime: ContainerRuntime;
  readonly checkpoints: Pick<Checkpoints, 'save'>;
  readonly events: PodEvents;
  readonly hostIp: string;
}

/** Gives pods their sandbox. */
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
      said.add('sandbox');
      return sandbox;
    } catch (thrown) {
      const text = `Failed to create pod sandbox: ${QuorateError.from(thrown).message}`;
      if (!said.has(text)) events.warning(pod, 'FailedCreatePodSandBox', text);
      said.add(text);
      throw thrown;
    }
  }
}
