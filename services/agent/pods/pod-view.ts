import type { Container } from '#shared/api';
import type { ContainerStatus, PodSandbox } from '../runtime/runtime.ts';
import { newestAttempts, type PodRecord } from './pod-record.ts';
import type { ContainerView, PodView } from './pod-status.ts';

export interface HostView {
  readonly hostIp: string;
  readonly runtimeName: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Brings together what the manifest, the runtime and the probes say of a pod. */
export function viewOf(
  record: PodRecord,
  sandbox: PodSandbox | undefined,
  containers: readonly ContainerStatus[],
  { hostIp, runtimeName, nowMs }: HostView,
): PodView {
  const newest = newestAttempts(containers);
  const view = (container: Container): ContainerView => {
    const current = newest.get(container.name);
    const prober = current && record.probers.get(current.id);
    return {
      container,
      current,
      waiting: record.waiting.get(container.name),
      previous: containers.findLast(
        ({ name, attempt }) => name === container.name && attempt < (current?.attempt ?? 0),
      ),
      started: prober?.started ?? false,
      ready: prober?.ready ?? false,
    };
  };
  const { pod } = record;
  return {
    pod,
    init: (pod.spec?.initContainers ?? []).map(view),
    main: (pod.spec?.containers ?? []).map(view),
    ephemeral: (pod.spec?.ephemeralContainers ?? []).map(view),
    podIp: sandbox?.ip,
    hostIp,
    runtimeName,
    now: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}
