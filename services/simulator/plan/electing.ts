import type { Plan } from './plan.ts';

/** Ten heartbeats and ten ticks an election, as etcd has it. */
export function electing(electionMs: number): Pick<Plan, 'electionMs' | 'heartbeatMs' | 'tickMs'> {
  const heartbeatMs = electionMs / 10;
  return { electionMs, heartbeatMs, tickMs: heartbeatMs };
}
