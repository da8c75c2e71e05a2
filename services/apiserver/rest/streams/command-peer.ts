import type { Status } from '#shared/api';
import type { CommandInput } from '#shared/client';

/** The client's end of exec or attach, however its streams are carried. */
export interface CommandPeer {
  /** Passes on what the client sends, at the pace of `send`, until it sends no more. */
  pump(send: (input: CommandInput) => Promise<void>): Promise<void>;
  /** Resolves when more can be taken, or never will be. */
  write(stream: 'stdout' | 'stderr', data: Uint8Array): Promise<void>;
  /** Says how the command ended, and closes. */
  finish(status: Status): Promise<void>;
  /** Resolves when the client has gone. */
  readonly closed: Promise<void>;
}

/** A resize message's body; undefined for what is none. */
export function parseSize(text: string): CommandInput | undefined {
  try {
    const { Width, Height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    const isSize = (value: unknown): value is number =>
      typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 0x10000;
    return isSize(Width) && isSize(Height)
      ? { type: 'resize', width: Width, height: Height }
      : undefined;
  } catch {
    return undefined;
  }
}
