import type { Deployment } from '../types.ts';
import { declare } from './declare.ts';

export const deployment = declare<Deployment>({
  group: 'apps',
  resource: 'deployments',
  kind: 'Deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  hasStatus: true,
  hasGeneration: true,
  columns: [],
});
