export { type CommandResult, eventually, Lab, type LabOptions, startLab } from './lab.ts';
export { lostWrites, type WriteRecord, Writer } from './writer.ts';
