import { tolerates } from '#shared/api';
import type { FilterPlugin } from './plugin.ts';

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Keeps pods off cordoned nodes. */
export const nodeUnschedulable: FilterPlugin = {
  name: 'NodeUnschedulable',
  wakesOn: ['node-changed'],
  filter({ pod }, { node }) {
    if (!node.spec?.unschedulable) return [];
    if (pod.spec?.tolerations?.some((toleration) => tolerates(toleration, taint))) return [];
    return ['node(s) were unschedulable'];
  },
};
