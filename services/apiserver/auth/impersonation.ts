import { badRequest, type ResourceRef } from '#shared/api';
import type { Requests } from '../requests/requests.ts';
import { anonymousName, unauthenticatedGroup } from './authenticator.ts';
import { parseServiceAccount, serviceAccountGroups } from './service-accounts.ts';
import { authenticatedGroup, type User } from './user.ts';

/** All values of a header of the request, by its name in lower case. */
export interface HeaderReader {
  values(name: string): readonly string[];
  names(): readonly string[];
}

const userHeader = 'impersonate-user';
const groupHeader = 'impersonate-group';
const uidHeader = 'impersonate-uid';
const extraPrefix = 'impersonate-extra-';

const ref = (group: string, resource: string): ResourceRef => ({ group, version: 'v1', resource });
const authentication = 'authentication.k8s.io';

/**
 * The user whom the caller asks to be taken for (`kubectl --as`), or the caller. Each name, group,
 * uid and extra that is asked for must be one that the caller may impersonate. Throws `forbidden`.
 */
export async function impersonated(
  requests: Requests,
  caller: User,
  headers: HeaderReader,
): Promise<User> {
  const [name = ''] = headers.values(userHeader);
  const groups = headers.values(groupHeader);
  const [uid] = headers.values(uidHeader);
  const extra = extrasOf(headers);
  if (name === '') {
    if (groups.length > 0 || uid !== undefined || Object.keys(extra).length > 0) {
      throw badRequest('requested to impersonate groups, a uid or extras without a user');
    }
    return caller;
  }
  const may = async (
    resource: ResourceRef,
    object: string,
    { namespace = '', subresource = '' } = {},
  ): Promise<void> => {
    const place = { ref: resource, namespace, name: object, subresource };
    await requests.authorize(caller, 'impersonate', place);
  };
  const account = parseServiceAccount(name);
  if (account) await may(ref('', 'serviceaccounts'), account.name, account);
  else await may(ref('', 'users'), name);
  for (const group of groups) await may(ref('', 'groups'), group);
  if (uid !== undefined) await may(ref(authentication, 'uids'), uid);
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) {
      await may(ref(authentication, 'userextras'), value, { subresource: key });
    }
  }
  const given = groups.length === 0 && account ? serviceAccountGroups(account.namespace) : groups;
  const everybody = name === anonymousName ? unauthenticatedGroup : authenticatedGroup;
  return {
    name,
    groups: given.includes(everybody) ? given : [...given, everybody],
    ...(uid !== undefined && { uid }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

function extrasOf(headers: HeaderReader): Record<string, readonly string[]> {
  const extra: Record<string, readonly string[]> = {};
  for (const name of headers.names()) {
    if (!name.startsWith(extraPrefix)) continue;
    extra[unescape(name.slice(extraPrefix.length))] = headers.values(name);
  }
  return extra;
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
