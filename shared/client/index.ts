export type * from './api-client.ts';
export type * from './kv-client.ts';
export type * from './table-client.ts';
