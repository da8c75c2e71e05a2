import { assert } from '#shared/base';
import type { Entry, Message, MessageType, NodeId, ReadState } from './types.ts';

/** A message without its envelope. */
export type MessageBody = Message extends infer M
  ? M extends Message
    ? Omit<M, 'from' | 'to' | 'term'>
    : never
  : never;

/**
 * Whether a message promises something that is only true once the writes before it are durable:
 * an acknowledged entry, a vote given, one's own vote for oneself.
 */
const promises: { readonly [T in MessageType]: (message: Message) => boolean } = {
  append: () => false,
  'append-response': () => true,
  heartbeat: () => false,
  'heartbeat-response': () => false,
  vote: (message) => message.type === 'vote' && !message.preVote,
  'vote-response': () => true,
  snapshot: () => false,
  propose: () => false,
  'read-index': () => false,
  'read-index-response': () => false,
  'transfer-leader': () => false,
  'timeout-now': () => false,
};

type ForwardedEntry = Pick<Entry, 'type' | 'data'>;

/** What the next Ready will send. */
export class Outbox {
  #messages: Message[] = [];
  #messagesAfterSync: Message[] = [];
  #readStates: ReadState[] = [];
  /** The newest `propose` message, as long as more proposals may join it. */
  #forwarding: { message: Message; entries: ForwardedEntry[]; bytes: number } | undefined;

  get empty(): boolean {
    return (
      this.#messages.length === 0 &&
      this.#messagesAfterSync.length === 0 &&
      this.#readStates.length === 0
    );
  }

  send(message: Message): void {
    assert(message.to !== message.from, 'a member does not write to itself');
    (promises[message.type](message) ? this.#messagesAfterSync : this.#messages).push(message);
  }

  /** Proposals of one turn, term and leader travel in one message. */
  forward(from: NodeId, to: NodeId, term: number, entry: ForwardedEntry, maxBytes: number): void {
    const open = this.#forwarding;
    const size = entry.data.length;
    if (open?.message.to === to && open.message.term === term && open.bytes + size <= maxBytes) {
      open.entries.push(entry);
      open.bytes += size;
      return;
    }
    const entries = [entry];
    const message: Message = { type: 'propose', from, to, term, entries };
    this.#forwarding = { message, entries, bytes: size };
    this.send(message);
  }

  readState(state: ReadState): void {
    this.#readStates.push(state);
  }

  take(): {
    messages: readonly Message[];
    messagesAfterSync: readonly Message[];
    readStates: readonly ReadState[];
  } {
    const taken = {
      messages: this.#messages,
      messagesAfterSync: this.#messagesAfterSync,
      readStates: this.#readStates,
    };
    this.#messages = [];
    this.#messagesAfterSync = [];
    this.#readStates = [];
    this.#forwarding = undefined;
    return taken;
  }

  describe(): string {
    return `outbox ${this.#messages.length}+${this.#messagesAfterSync.length} reads=${this.#readStates.length}`;
  }
}
