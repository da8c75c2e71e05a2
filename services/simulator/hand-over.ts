import type { Plan } from './plan/plan.ts';
import type { RecoveryWorld } from './recovery.ts';

type Timing = Pick<Plan, 'electionMs' | 'syncMs'>;

/** Writes to disks that wait for each other, from the word to the first entry of the next term. */
const writes = 8;
const networkMs = 30;

/**
 * Where all is well, somebody is handed leadership, and has it long before an election would have been begun.
 * Takes simulated time; returns what is wrong, in words; empty: nothing.
 */
export function handOver(
  { scheduler, cluster }: RecoveryWorld,
  { electionMs, syncMs }: Timing,
): string {
  const [leader, heir] = [cluster.leader(), cluster.heir()];
  const withinMs = electionMs / 2;
  // On such disks one looks like the other.
  const isQuick = networkMs + writes * syncMs[1] <= withinMs;
  if (!leader?.life || !heir?.life || !isQuick) return '';
  const untilMs = scheduler.now + withinMs;
  leader.life.host.node.transferLeadership(heir.life.host.serving.memberId);
  while (cluster.leader() !== heir && scheduler.now < untilMs && !scheduler.stopped) {
    scheduler.run(scheduler.now + 5);
  }
  if (cluster.leader() === heir || scheduler.stopped) return '';
  return `${heir.name} does not lead, ${withinMs} ms after ${leader.name} handed over to it`;
}
