export type { AuthChange } from './auth/auth-table.ts';
export { anonymous, type Caller, trusted } from './auth/caller.ts';
export { SimpleTokens } from './auth/simple-tokens.ts';
export type {
  PeerHandlers,
  PeerTransport,
  Digest,
  LeaderLeaseRequest,
} from './consensus/transport.ts';
export type { HostParts } from './host-parts.ts';
export { MemberHost } from './host.ts';
export { Auth } from './serve/auth.ts';
export { changeAlarm } from './serve/alarms.ts';
export { found } from './member/found.ts';
export type { Member } from './member/member.ts';
export { isRefusal } from './member/refusal.ts';
export {
  type AutoCompactionSettings,
  type Settings,
  type StoreOptions,
  settle,
} from './options.ts';
export { campaign, type Leadership, observe, proclaim, resign } from './recipes/election.ts';
export { lock } from './recipes/lock.ts';
export { runStore } from './run.ts';
export { defragment } from './serve/defragment.ts';
export { createStore, type Store, type StoreStatus } from './server.ts';
export type { Outcome } from './state/state-machine.ts';
export type { ClusterView } from './wire/cluster.ts';
export type { MemberChange, Operation } from './wire/command.ts';
