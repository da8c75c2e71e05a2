export { createFaultClient, type FaultClient } from './client.ts';
export { type EnabledFaults, enableFaults } from './enable.ts';
export { type FaultEndpoint, readEndpoint } from './endpoint.ts';
export {
  type ClockFault,
  type DiskFault,
  diskFaults,
  diskTargets,
  type Fault,
  type FaultSpec,
  faultText,
  type LinkFault,
  noLinkFault,
  type PointFault,
  type ProcessFault,
} from './fault.ts';
export { faultyMedium } from './medium.ts';
export { FaultPlane, type SetOptions } from './plane.ts';
export { passPointSync, pointsAround, pointsAroundSync } from './points.ts';
export {
  checkGroups,
  type FaultTarget,
  linkRoutes,
  partitionRoutes,
  type Route,
} from './routes.ts';
export { MessageShaper } from './shaper.ts';
