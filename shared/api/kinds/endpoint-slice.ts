import type { EndpointSlice } from '../types.ts';
import { declare } from './declare.ts';

export const endpointSlice = declare<EndpointSlice>({
  group: 'discovery.k8s.io',
  resource: 'endpointslices',
  kind: 'EndpointSlice',
  hasGeneration: true,
  columns: [],
});
