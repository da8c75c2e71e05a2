import type { Secret } from '../types.ts';
import { declare } from './declare.ts';

export const secret = declare<Secret>({
  group: '',
  resource: 'secrets',
  kind: 'Secret',
  columns: [],
});
