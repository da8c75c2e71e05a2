import { whyNotOn } from '../volumes/pod-claims.ts';
import type { FilterPlugin } from './plugin.ts';

/** A pod goes where its volumes are, or can be made. */
export const volumeBinding: FilterPlugin = {
  name: 'VolumeBinding',
  wakesOn: ['node-changed', 'volume-changed'],
  filter: ({ claims }, { node }) => whyNotOn(claims, node),
};
