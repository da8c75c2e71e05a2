import type { Node } from '../types.ts';
import { declare } from './declare.ts';

export const node = declare<Node>({
  group: '',
  resource: 'nodes',
  kind: 'Node',
  shortNames: ['no'],
  namespaced: false,
  hasStatus: true,
  columns: [],
});
