import type { Core } from './core.ts';
import type { Message, MessageType } from './types.ts';

export type MessageOf<T extends MessageType> = Extract<Message, { readonly type: T }>;

/** What one role does with each type of message of its own term; total by construction. */
export type Handlers = {
  readonly [T in MessageType]: (core: Core, message: MessageOf<T>) => void;
};

/** For messages that mean nothing to a role: late answers and misdirected requests. */
export function ignore(): void {}
