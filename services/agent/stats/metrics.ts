import { MetricsText, writeProcessMetrics } from '#shared/runtime';
import type { ContainerRuntime, ContainerState } from '../runtime/runtime.ts';

export type ListingRuntime = Pick<ContainerRuntime, 'listPodSandboxes' | 'listContainers'>;

const states: readonly ContainerState[] = ['created', 'running', 'exited'];

/** Kubelet's names for what runs on this node, read when it is asked, in Prometheus' text format. */
export async function agentMetrics(runtime: ListingRuntime): Promise<string> {
  const sandboxes = await runtime.listPodSandboxes();
  const pods = await Promise.all(
    sandboxes.map(async ({ id }) => {
      const containers = await runtime.listContainers(id);
      return containers.map(({ state }) => state);
    }),
  );
  const all = pods.flat();
  const out = new MetricsText();
  out.gauge(
    'kubelet_running_pods',
    'Number of pods that have a running container.',
    pods.filter((containers) => containers.includes('running')).length,
  );
  out.gauge(
    'kubelet_running_containers',
    'Number of containers by state: attempts on record.',
    states.map((state) => ({
      labels: { container_state: state },
      value: all.filter((each) => each === state).length,
    })),
  );
  await writeProcessMetrics(out);
  return out.text;
}
