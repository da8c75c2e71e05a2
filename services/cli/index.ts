export { containerLauncher } from './container.ts';
export { inProcessLauncher } from './in-process.ts';
