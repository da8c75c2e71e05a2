import type { Metadata } from '@grpc/grpc-js';
import { anonymous, type Caller } from '../auth/caller.ts';
import type { Auth } from '../serve/auth.ts';

/** What of a call says whose it is. */
export interface Identified {
  readonly metadata: Metadata;
  getAuthContext?(): { readonly sslPeerCertificate?: { readonly subject: { CN?: unknown } } };
}

/** At once while auth is disabled; rejects where a token is no good. */
export type CallerOf = (call: Identified) => Caller | Promise<Caller>;

/** `commonNames`: where clients must show a certificate, it may stand for a token. */
export function callersBy(auth: Auth, commonNames: boolean): CallerOf {
  return (call) => {
    if (!auth.enabled) return anonymous;
    // The gateway, and other clients over HTTP, say it the other way.
    const [token] = [...call.metadata.get('token'), ...call.metadata.get('authorization')];
    if (token !== undefined) return auth.callerOf(token.toString().replace(/^Bearer /, ''));
    if (!commonNames) return anonymous;
    const commonName = call.getAuthContext?.().sslPeerCertificate?.subject.CN;
    return typeof commonName === 'string' ? auth.callerNamed(commonName) : anonymous;
  };
}
