import type { FilterPlugin } from './plugin.ts';

/** A pod that names its node goes nowhere else. */
export const nodeName: FilterPlugin = {
  name: 'NodeName',
  wakesOn: ['node-changed'],
  filter({ pod }, node) {
    const wanted = pod.spec?.nodeName ?? '';
    if (wanted === '' || wanted === node.name) return [];
    return ["node(s) didn't match the requested node name"];
  },
};
