import { budgets } from './converged/budgets.ts';
import { cronJobs } from './converged/cron-jobs.ts';
import { containers, isFailing, isWorking, leftovers, nodes, pods } from './converged/nodes.ts';
import { housekeeping } from './converged/housekeeping.ts';
import { owners } from './converged/owners.ts';
import { quotas } from './converged/quotas.ts';
import { first, type Reality } from './converged/reality.ts';
import { services } from './converged/services.ts';
import { storage } from './converged/storage.ts';
import { workloads } from './converged/workloads.ts';

export { isFailing, isWorking, type Reality };

const looks = [
  nodes,
  ...owners,
  ...workloads,
  cronJobs,
  pods,
  ...services,
  budgets,
  quotas,
  ...housekeeping,
  ...storage,
  containers,
  leftovers,
];

/** What is not yet as it should be, in words; empty where all is well. */
export const unsettled = (reality: Reality): string => first(looks, reality);
