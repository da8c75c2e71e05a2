import type { Http2ServerRequest } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { certificateUser } from '../auth/certificate.ts';
import { type HeaderReader, impersonated } from '../auth/impersonation.ts';
import type { User } from '../auth/user.ts';
import type { Core } from '../core.ts';

const known = new WeakMap<object, { readonly user: User | undefined }>();

/**
 * Who makes a request: by client certificate or bearer token, and as whom (`kubectl --as`). Throws
 * `unauthenticated`, and `forbidden` for an impersonation.
 */
export async function callerOf(
  { security, requests }: Core,
  request: Http2ServerRequest,
): Promise<User> {
  const { authorization } = request.headers;
  const caller = await security.authenticator.authenticate({
    certificate: connectionUser(request),
    authorization,
  });
  return impersonated(requests, caller, headersOf(request));
}

/** The user of the connection's certificate: read once, since a connection keeps its own. */
function connectionUser(request: Http2ServerRequest): User | undefined {
  // Undefined on HTTP/1.1, whatever the type says.
  const session = (request.stream as Http2ServerRequest['stream'] | undefined)?.session;
  const connection = session ?? request.socket;
  let entry = known.get(connection);
  if (!entry) {
    const socket = request.socket as TLSSocket;
    entry = { user: socket.authorized ? certificateUser(socket.getPeerCertificate()) : undefined };
    known.set(connection, entry);
  }
  return entry.user;
}

/** As sent: headers of one name are not joined, since a group's name may have a comma in it. */
function headersOf({ headers, rawHeaders }: Http2ServerRequest): HeaderReader {
  return {
    names: () => Object.keys(headers),
    values: (name) =>
      headers[name] === undefined
        ? []
        : rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name),
  };
}
