import type { Plan } from './plan/plan.ts';
import type { RecoveryWorld } from './recovery.ts';

type Timing = Pick<Plan, 'electionMs' | 'syncMs'>;

/** Writes to disks that wait for each other, from the word to the first entry of the next term. */
const writes = 8;
const networkMs = 30;
/** So many at once: something is always under way. */
const writers = 8;

/**
 * Where all is well, somebody is handed leadership while others write, and has it long before an election would have
 * been begun. Takes simulated time; returns what is wrong, in words; empty: nothing.
 */
export function handOver(
  { scheduler, cluster, client }: RecoveryWorld,
  { electionMs, syncMs }: Timing,
  bug: (thrown: unknown) => void,
): string {
  const [leader, heir] = [cluster.leader(), cluster.heir()];
  const withinMs = electionMs / 2;
  // On such disks one looks like the other.
  const isQuick = networkMs + writes * syncMs[1] <= withinMs;
  if (!leader?.life || !heir?.life || !isQuick) return '';
  const load = { goesOn: true };
  const write = async (): Promise<void> => {
    while (load.goesOn) await client.write(cluster.members.indexOf(leader));
  };
  for (let i = 0; i < writers; i++) write().catch(bug);
  scheduler.run(scheduler.now + networkMs);
  const untilMs = scheduler.now + withinMs;
  leader.life.host.node.transferLeadership(heir.life.host.serving.memberId);
  while (cluster.leader() !== heir && scheduler.now < untilMs && !scheduler.stopped) {
    scheduler.run(scheduler.now + 5);
  }
  load.goesOn = false;
  if (cluster.leader() === heir || scheduler.stopped) return '';
  return `${heir.name} does not lead, ${withinMs} ms after ${leader.name} handed over to it`;
}
