export type { SchedulerConfig } from './config.ts';
export { schedulerConfig } from './flags.ts';
export { createScheduler, type Scheduler, type SchedulerOptions } from './server.ts';
