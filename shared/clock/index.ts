export type { Clock, Timer } from './clock.ts';
export { ManualClock } from './manual.ts';
export { sleepOn } from './sleep.ts';
export { systemClock } from './system.ts';
