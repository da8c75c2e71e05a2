export type { SchedulerConfig } from './config.ts';
export { createScheduler, type Scheduler, type SchedulerOptions } from './server.ts';
