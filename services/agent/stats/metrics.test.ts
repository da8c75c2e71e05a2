import { expect, test } from 'vitest';
import type { ContainerState, ContainerStatus, PodSandbox } from '../runtime/runtime.ts';
import { agentMetrics, type ListingRuntime } from './metrics.ts';

/** Pods by uid, and the states of their containers. */
const runtimeWith = (
  pods: Readonly<Record<string, readonly ContainerState[]>>,
): ListingRuntime => ({
  listPodSandboxes: () =>
    Promise.resolve(
      Object.keys(pods).map(
        (id): PodSandbox => ({ id, uid: id, name: id, namespace: 'default', ip: '', createdAt: 0 }),
      ),
    ),
  listContainers: (id) =>
    Promise.resolve(
      (pods[id] ?? []).map(
        (state, attempt): ContainerStatus => ({
          id: `${id}-${attempt}`,
          podSandboxId: id,
          name: 'main',
          attempt,
          image: 'none',
          state,
          createdAt: 0,
        }),
      ),
    ),
});

test('pods count that have a running container, containers by their state', async () => {
  const text = await agentMetrics(
    runtimeWith({ a: ['exited', 'running'], b: ['running', 'running'], c: ['exited'], d: [] }),
  );
  const lines = text.split('\n');
  expect(lines).toContain('kubelet_running_pods 2');
  expect(lines).toContain('kubelet_running_containers{container_state="created"} 0');
  expect(lines).toContain('kubelet_running_containers{container_state="running"} 3');
  expect(lines).toContain('kubelet_running_containers{container_state="exited"} 2');
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
});
