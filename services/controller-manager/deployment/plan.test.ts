import { expect, it } from 'vitest';
import type { ReplicaSet } from '#shared/api';
import { deployment, template } from '../testing/world.ts';
import { planRollout } from './plan.ts';
import { newReplicaSet } from './replica-sets.ts';

const web = (image: string) =>
  deployment('web', {
    replicas: 2,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 2 } },
    template: template({ app: 'web' }, image),
  });

/** Of that image, as large as asked for, with so many pods that serve. */
function set(image: string, revision: number, replicas: number, available: number): ReplicaSet {
  const made = newReplicaSet(web(image), replicas, revision);
  return { ...made, status: { replicas: available, availableReplicas: available } };
}

it('does not count on pods that are about to go', () => {
  // The first of them has been made smaller, and its controller has not come to it yet.
  const replicaSets = [set('one', 1, 1, 2), set('two', 2, 2, 2), set('three', 3, 1, 0)];
  const state = { deployment: web('three'), replicaSets, oldPodsRunning: true };
  const { updates } = planRollout(state);
  expect(updates.map(({ metadata, spec }) => [metadata?.name, spec?.replicas])).toEqual([
    [replicaSets[0]?.metadata?.name, 0],
    [replicaSets[1]?.metadata?.name, 1],
  ]);
});
