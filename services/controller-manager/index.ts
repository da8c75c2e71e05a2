export type { ControllerManagerConfig } from './config.ts';
export { controllerManagerConfig } from './flags.ts';
export {
  type ControllerManager,
  type ControllerManagerOptions,
  createControllerManager,
} from './server.ts';
