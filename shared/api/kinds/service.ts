import type { Service } from '../types.ts';
import { declare } from './declare.ts';

export const service = declare<Service>({
  group: '',
  resource: 'services',
  kind: 'Service',
  shortNames: ['svc'],
  categories: ['all'],
  hasStatus: true,
  columns: [],
});
