export { anonymous } from './auth/caller.ts';
export type {
  PeerHandlers,
  PeerTransport,
  Digest,
  LeaderLeaseRequest,
} from './consensus/transport.ts';
export { type HostParts, MemberHost } from './host.ts';
export { found } from './member/found.ts';
export type { Member } from './member/member.ts';
export { isRefusal } from './member/refusal.ts';
export { type Settings, type StoreOptions, settle } from './options.ts';
export { runStore } from './run.ts';
export { createStore, type Store, type StoreStatus } from './server.ts';
export type { Outcome } from './state/state-machine.ts';
export type { ClusterView } from './wire/cluster.ts';
export type { MemberChange, Operation } from './wire/command.ts';
