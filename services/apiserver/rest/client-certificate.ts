import type { Http2ServerRequest } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { authenticatedGroup, type User } from '../auth/user.ts';

const known = new WeakMap<object, { readonly user: User | undefined }>();

/**
 * The user that the connection's client certificate names: common name and organizations, as in
 * Kubernetes. Undefined without a certificate of the cluster's authority. Read once a connection.
 */
export function userOf(request: Http2ServerRequest): User | undefined {
  // Undefined on HTTP/1.1, whatever the type says.
  const session = (request.stream as Http2ServerRequest['stream'] | undefined)?.session;
  const connection = session ?? request.socket;
  let entry = known.get(connection);
  if (!entry) {
    entry = { user: readUser(request.socket as TLSSocket) };
    known.set(connection, entry);
  }
  return entry.user;
}

function readUser(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  const [name] = listOf(subject?.CN);
  if (!name) return undefined;
  return { name, groups: [...listOf(subject.O), authenticatedGroup] };
}

/** Several values of one attribute come as an array, which the types do not say. */
const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;
