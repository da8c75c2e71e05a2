import type { ConfigMap } from '../types.ts';
import { declare } from './declare.ts';

export const configMap = declare<ConfigMap>({
  group: '',
  resource: 'configmaps',
  kind: 'ConfigMap',
  shortNames: ['cm'],
  columns: [],
});
