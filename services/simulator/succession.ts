import type { Plan } from './plan/plan.ts';
import type { RecoveryWorld } from './recovery.ts';

type Timing = Pick<Plan, 'electionMs' | 'syncMs'>;

/**
 * The leader dies where all is well: everybody learns of it at once, and a member that is left takes a write
 * within a few election timeouts. Takes simulated time; returns what is wrong, in words; empty: nothing.
 */
export function succession(
  { scheduler, cluster, client }: RecoveryWorld,
  { electionMs, syncMs }: Timing,
  bug: (thrown: unknown) => void,
): string {
  const [leader, heir] = [cluster.leader(), cluster.heir()];
  if (!leader || !heir) return '';
  const sinceMs = scheduler.now;
  const untilMs = sinceMs + 500 + 6 * electionMs + 40 * syncMs[1];
  leader.crash(false);
  const write = { taken: false };
  client.write(cluster.members.indexOf(heir)).then((done) => {
    write.taken = done;
  }, bug);
  while (!write.taken && scheduler.now < untilMs && !scheduler.stopped)
    scheduler.run(scheduler.now + 10);
  leader.start();
  if (write.taken || scheduler.stopped) return '';
  return `${heir.name} has taken no write for ${Math.round(scheduler.now - sinceMs)} ms, since ${leader.name} died, which led`;
}
