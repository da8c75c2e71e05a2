import type { ReplicaSet } from '../types.ts';
import { declare } from './declare.ts';

export const replicaSet = declare<ReplicaSet>({
  group: 'apps',
  resource: 'replicasets',
  kind: 'ReplicaSet',
  shortNames: ['rs'],
  categories: ['all'],
  hasStatus: true,
  hasGeneration: true,
  columns: [],
});
