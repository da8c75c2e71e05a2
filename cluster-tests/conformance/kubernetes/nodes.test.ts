import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '#shared/lab';
import { Kubectl, kubectlVersions } from './kubectl.ts';

// Draining a node takes the pods of every other test from it, so these have a cluster of their own.
describe.each(kubectlVersions().slice(0, 1))('nodes, kubectl $version', (program) => {
  let lab: Lab;
  let kubectl: Kubectl;
  beforeAll(async () => {
    lab = await startLab({ masters: 1, workers: 2 });
    kubectl = new Kubectl(program, 'default', join(lab.dataDir, 'kubeconfig'));
  });
  afterAll(async () => {
    await lab.destroy();
    kubectl.stop();
  });

  test('cordon, taint, drain, and back', async () => {
    const args = ['create', 'deployment', 'moving', '--image=x', '--replicas=4'];
    await kubectl.ok(...args, '--', 'sleep', '1000');
    await kubectl.ok('rollout', 'status', 'deployment/moving', '--timeout=120s');
    const drained = await kubectl.ok(
      'drain',
      'worker-2',
      '--force',
      '--ignore-daemonsets',
      '--delete-emptydir-data',
    );
    expect(drained).toContain('node/worker-2 drained');
    expect(await kubectl.ok('get', 'node', 'worker-2')).toContain('Ready,SchedulingDisabled');
    const on2 = ['get', 'pods', '-o', 'name', '--field-selector=spec.nodeName=worker-2'];
    expect(await kubectl.ok(...on2)).toBe('');
    await kubectl.ok('rollout', 'status', 'deployment/moving', '--timeout=120s');
    await kubectl.ok('uncordon', 'worker-2');
    await kubectl.ok('taint', 'node', 'worker-2', 'kept=free:NoSchedule');
    await kubectl.ok('scale', 'deployment', 'moving', '--replicas=6');
    await kubectl.ok('rollout', 'status', 'deployment/moving', '--timeout=120s');
    expect(await kubectl.ok(...on2)).toBe('');
    await kubectl.ok('taint', 'node', 'worker-2', 'kept-');
  });
});
