export type { ControllerManagerConfig } from './config.ts';
export {
  type ControllerManager,
  type ControllerManagerOptions,
  createControllerManager,
} from './server.ts';
