export { eventually } from './eventually.ts';
export { freePort } from './free-port.ts';
export {
  type CommandResult,
  Lab,
  type LabOptions,
  type LabPlan,
  type Launcher,
  type RemoteLauncher,
  startLab,
} from './lab.ts';
export { Load, type LoadOptions } from './load.ts';
export { leadership } from './members.ts';
export type { TakenSlot } from './slot.ts';
export { lostWrites, type WriteRecord, Writer } from './writer.ts';
