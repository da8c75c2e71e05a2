import type { Mutant } from './mutant.ts';
import { slipAbove } from './slip.ts';

/** A sixth round above the store, around evictions and what agents leave behind. */
export const disruptionMutants: readonly Mutant[] = [
  slipAbove(
    'payment-forgets-the-others',
    'a budget that pays for an eviction forgets whom it has paid for before',
    'services/apiserver/pods/budgets',
    'disruptedPods = { ...status?.disruptedPods, [pod]: now };',
    'disruptedPods = { [pod]: now };',
  ),
  slipAbove(
    'eviction-forgotten-at-the-next-count',
    'an eviction that was granted is remembered until the next count',
    'services/controller-manager/disruption/plan',
    'now.ms - Date.parse(since) < disruptedForMs',
    'now.ms - Date.parse(since) < 0',
  ),
  slipAbove(
    'idle-pods-go-for-nothing',
    'a pod that does not serve is evicted though too few others do',
    'services/apiserver/pods/budgets',
    'return desiredHealthy > 0 && currentHealthy >= desiredHealthy;',
    'return true;',
  ),
  slipAbove(
    'manifest-stays',
    'an agent keeps the manifest of a pod that is gone',
    'services/agent/pods/pod-manager',
    'await checkpoints.remove(record.uid);',
    '',
  ),
  slipAbove(
    'stop-not-written-down',
    'the next agent does not know that a pod was being stopped',
    'services/agent/pods/pod-manager',
    'await checkpoints.save(leaving ? asDeleted(record.pod, timestamp(clock)) : record.pod);',
    '',
  ),
];
