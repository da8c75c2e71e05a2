import { AssertionError } from '#shared/base';
import type { RaftConfig } from './config.ts';
import type { RaftStatus } from './status.ts';
import type { ConfChange, ConfState, Message, NodeId, Ready } from './types.ts';

import type { ProposeResult } from './propose.ts';

const unwritten = (..._unused: unknown[]): never => {
  throw new AssertionError('being written');
};

export class Raft {
  constructor(config: RaftConfig) {
    unwritten(config);
  }
  tick(): void {
    unwritten();
  }
  step(message: Message): void {
    unwritten(message);
  }
  propose(data: Uint8Array): ProposeResult {
    return unwritten(data);
  }
  proposeConfChange(change: ConfChange): ProposeResult {
    return unwritten(change);
  }
  applyConfChange(change: ConfChange): ConfState {
    return unwritten(change);
  }
  readIndex(context: number): boolean {
    return unwritten(context);
  }
  transferLeadership(to: NodeId): boolean {
    return unwritten(to);
  }
  campaign(): void {
    unwritten();
  }
  peerDisconnected(id: NodeId): void {
    unwritten(id);
  }
  reportUnreachable(id: NodeId): void {
    unwritten(id);
  }
  reportSnapshot(id: NodeId, ok: boolean): void {
    unwritten(id, ok);
  }
  hasReady(): boolean {
    return unwritten();
  }
  ready(): Ready {
    return unwritten();
  }
  advance(ready: Ready): void {
    unwritten(ready);
  }
  applied(index: number): void {
    unwritten(index);
  }
  status(): RaftStatus {
    return unwritten();
  }
  describe(): string {
    return unwritten();
  }
}
