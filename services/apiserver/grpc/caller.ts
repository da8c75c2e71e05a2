import type { PeerCertificate } from 'node:tls';
import type { Metadata } from '@grpc/grpc-js';
import { certificateUser } from '../auth/certificate.ts';
import { impersonated } from '../auth/impersonation.ts';
import type { User } from '../auth/user.ts';
import type { Core } from '../core.ts';

/** What of a call says who makes it. */
export interface IncomingCall {
  readonly metadata: Metadata;
  /** With the certificate only where the cluster's authority signed it. */
  getAuthContext(): { sslPeerCertificate?: PeerCertificate };
}

/** Who makes a call. Throws `unauthenticated`, and `forbidden` for an impersonation. */
export type CallerOf = (call: IncomingCall) => Promise<User>;

/** By certificate or bearer token, and as whom, with the headers that REST clients use. */
export const callerIn =
  ({ security, requests }: Core): CallerOf =>
  async (call) => {
    const peer = call.getAuthContext().sslPeerCertificate;
    const [authorization] = call.metadata.get('authorization');
    const caller = await security.authenticator.authenticate({
      certificate: peer && certificateUser(peer),
      authorization: authorization === undefined ? undefined : String(authorization),
    });
    return impersonated(requests, caller, {
      values: (name) => call.metadata.get(name).map(String),
      names: () => Object.keys(call.metadata.getMap()),
    });
  };
