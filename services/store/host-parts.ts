import type { MemberStorage } from './consensus/storage.ts';
import type { PeerTransport } from './consensus/transport.ts';
import type { Tokens } from './auth/tokens.ts';
import type { Identity, IdentityFile } from './member/identity.ts';
import type { Counters } from './metrics/counters.ts';
import type { Settings } from './options.ts';
import type { HeapUse } from '#shared/runtime';

/** A member's disk. */
export interface MemberDir extends MemberStorage, IdentityFile {
  close(): Promise<void>;
}

export interface HostParts {
  readonly settings: Settings;
  readonly dir: MemberDir;
  readonly identity: Identity;
  readonly transport: PeerTransport;
  readonly counters?: Counters;
  /** Applying an operation of this type took longer than settings allow without a word. */
  readonly slowApply?: (type: string, ms: number) => void;
  /** Is told whose tokens are given out, and end. */
  readonly tokens?: Tokens;
  /** Of this process. */
  readonly heap?: () => HeapUse;
  /** How much is done, or kept, at a time. */
  readonly bounds?: Bounds;
  /** Whoever serves clients must end all calls. */
  readonly halted: () => void;
}

export interface Bounds {
  /** Events of history read per slice for watches that catch up. Default 500. */
  readonly syncEvents?: number;
  /** Of decoded values. Default: as Mvcc has it. */
  readonly cacheBytes?: number;
}
