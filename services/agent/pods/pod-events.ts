import type { Pod } from '#shared/api';
import type { EventRecorder, EventType } from '#shared/client';

/** Events about pods, with kubelet's reasons. */
export class PodEvents {
  readonly #recorder: EventRecorder;

  constructor(recorder: EventRecorder) {
    this.#recorder = recorder;
  }

  normal(pod: Pod, reason: string, message: string): void {
    this.#record(pod, 'Normal', reason, message);
  }

  warning(pod: Pod, reason: string, message: string): void {
    this.#record(pod, 'Warning', reason, message);
  }

  #record({ metadata = {} }: Pod, type: EventType, reason: string, message: string): void {
    const regarding = { apiVersion: 'v1', kind: 'Pod', metadata };
    this.#recorder.event(regarding, type, reason, message);
  }
}
