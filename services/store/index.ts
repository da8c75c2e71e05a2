export type { Member } from './member/member.ts';
export type { StoreOptions } from './options.ts';
export { runStore } from './run.ts';
export { createStore, type Store, type StoreStatus } from './server.ts';
