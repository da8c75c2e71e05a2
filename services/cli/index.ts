export { inProcessLauncher } from './in-process.ts';
