import type { Namespace } from '../types.ts';
import { declare } from './declare.ts';

export const namespace = declare<Namespace>({
  group: '',
  resource: 'namespaces',
  kind: 'Namespace',
  shortNames: ['ns'],
  namespaced: false,
  hasStatus: true,
  subresources: ['finalize', 'status'],
  columns: [],
});
