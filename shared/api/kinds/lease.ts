import type { Lease } from '../types.ts';
import { declare } from './declare.ts';

export const lease = declare<Lease>({
  group: 'coordination.k8s.io',
  resource: 'leases',
  kind: 'Lease',
  columns: [],
});
