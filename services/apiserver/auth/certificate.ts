import type { PeerCertificate } from 'node:tls';
import { authenticatedGroup, type User } from './user.ts';

/**
 * The user that a certificate of the cluster's authority names: common name and organizations, as
 * in Kubernetes. Undefined where it names nobody.
 */
export function certificateUser({ subject }: PeerCertificate): User | undefined {
  const [name] = listOf(subject?.CN);
  if (!name) return undefined;
  return { name, groups: [...listOf(subject.O), authenticatedGroup] };
}

/** Several values of one attribute come as an array, which the types do not say. */
const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;
