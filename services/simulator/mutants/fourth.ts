import type { Mutant } from './mutant.ts';
import { slipAbove } from './slip.ts';

/** A fourth round above the store: preemption, affinity, CronJobs, quotas, server-side apply. */
export const fourthMutants: readonly Mutant[] = [
  slipAbove(
    'equals-are-preempted',
    'a pod sends away others that are as important as it is',
    'services/scheduler/preemption/victims',
    'filter(({ priority }) => priority < pod.priority)',
    'filter(({ priority }) => priority <= pod.priority)',
  ),
  slipAbove(
    'nobody-is-preempted',
    'a more important pod waits like any other',
    'services/scheduler/session',
    'const preemption = verdicts.length > 0 ?',
    'const preemption = verdicts.length < 0 ?',
  ),
  slipAbove(
    'room-not-made-again',
    'a pod whose victims could not be told to go waits like one that fits nowhere',
    'services/scheduler/session',
    'if (verdicts.length > 0 && !preemption) this.#queue.retry(turn);',
    'if (verdicts.length < 0) this.#queue.retry(turn);',
  ),
  slipAbove(
    'avoided-pods-not-looked-at',
    'a pod is put beside those that it avoids',
    'services/scheduler/plugins/inter-pod-affinity',
    'if (others.unwanted.reaches(node)) return ["node(s) didn\'t match pod anti-affinity rules"];',
    '',
  ),
  slipAbove(
    'avoiding-pods-not-looked-at',
    'a pod is put beside those that avoid it',
    'services/scheduler/plugins/inter-pod-affinity',
    'if (!others.unwilling.reaches(node)) return [];',
    'return [];',
  ),
  slipAbove(
    'namesake-forgotten',
    'what became of a pod in work is taken for word of its namesake',
    'services/scheduler/queue',
    'if (this.#entries.get(turn.key) === turn) this.remove(turn.key);',
    'this.remove(turn.key);',
  ),
  slipAbove(
    'unanswered-binding-frees-room',
    'room is given away when nobody says whether its pod was bound',
    'services/scheduler/session',
    'const node = await this.#nodeOf(turn.key, pod);',
    'const node = undefined;',
  ),
  slipAbove(
    'forbidden-run-begins',
    'a CronJob runs beside itself where it must not',
    'services/controller-manager/cronjob/plan',
    "spec.concurrencyPolicy === 'Forbid' && active.length > 0",
    "spec.concurrencyPolicy === 'Forbid' && active.length > 9",
  ),
  slipAbove(
    'suspended-cron-runs',
    'a CronJob that is suspended runs',
    'services/controller-manager/cronjob/plan',
    'if (!spec || spec.suspend) return',
    'if (!spec) return',
  ),
  slipAbove(
    'cron-looks-once',
    'nobody looks at a CronJob again when its time comes',
    'services/controller-manager/cronjob/controller',
    'if (plan.nextAtMs === undefined) return undefined;',
    'return undefined;',
  ),
  slipAbove(
    'quota-gives-nothing-back',
    'what was deleted goes on counting',
    'services/controller-manager/resourcequota/controller',
    'return silent ? { requeueAfterMs: recountMs } : undefined;',
    'return undefined;',
  ),
  slipAbove(
    'apply-takes-without-force',
    'an apply takes what others manage, whether it is to or not',
    'shared/api/apply/apply',
    'if (!applier.force) checkConflicts',
    'if (applier.force) checkConflicts',
  ),
  slipAbove(
    'apply-leaves-what-it-said',
    'what an apply does not say any more stays',
    'shared/api/apply/apply',
    'mine ? prune(schema, merged, mine.fields, owned) : merged',
    'merged',
  ),
];
