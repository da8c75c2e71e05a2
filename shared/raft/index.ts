export type * from './types.ts';
export { noNode } from './types.ts';
