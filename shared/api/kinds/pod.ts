import type { Pod } from '../types.ts';
import { declare } from './declare.ts';

export const pod = declare<Pod>({
  group: '',
  resource: 'pods',
  kind: 'Pod',
  shortNames: ['po'],
  categories: ['all'],
  hasStatus: true,
  subresources: ['binding', 'log', 'status'],
  columns: [],
});
