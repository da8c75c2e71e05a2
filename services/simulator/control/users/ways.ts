import { refs } from '#shared/api';

// Which kinds users delete, and how: by the number of a step.

export const workloads = [refs.deployments, refs.statefulSets, refs.jobs, refs.daemonSets] as const;
export const propagations = ['background', 'background', 'foreground', 'orphan'] as const;
