/** How a service account is named as a user, as in Kubernetes. */
const accountPrefix = 'system:serviceaccount:';

export const serviceAccountName = (namespace: string, name: string): string =>
  `${accountPrefix}${namespace}:${name}`;

/** Namespace and name of a service account's user name. */
export function parseServiceAccount(
  user: string,
): { readonly namespace: string; readonly name: string } | undefined {
  if (!user.startsWith(accountPrefix)) return undefined;
  const [namespace = '', name = '', ...rest] = user.slice(accountPrefix.length).split(':');
  return namespace === '' || name === '' || rest.length > 0 ? undefined : { namespace, name };
}

export const serviceAccountGroups = (namespace: string): string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
];
