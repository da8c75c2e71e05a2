import type { Metadata } from '@grpc/grpc-js';
import type { User } from '../auth/user.ts';

/** What of a call says who makes it. */
export interface IncomingCall {
  readonly metadata: Metadata;
  getAuthContext(): { sslPeerCertificate?: unknown };
}

/** Who makes a call. Throws `unauthenticated`. */
export type CallerOf = (call: IncomingCall) => Promise<User>;
