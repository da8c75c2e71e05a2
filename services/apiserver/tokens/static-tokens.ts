import { createHash } from 'node:crypto';
import { QuorateError } from '#shared/base';
import type { TokenReader } from '../auth/authenticator.ts';
import { authenticatedGroup, type User } from '../auth/user.ts';

/**
 * Tokens that stand in a file, as Kubernetes' --token-auth-file has them: a line each, of token,
 * user, uid and, in quotes where there are several, groups. Throws `bad-request` with the line.
 */
export function staticTokens(text: string): TokenReader {
  const users = new Map<string, User>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [token = '', name = '', uid = '', groups = ''] = fieldsOf(line);
    if (token === '' || name === '') {
      const what = 'must be token,user,uid[,"group1,group2"]';
      throw new QuorateError('bad-request', `token file, line ${at + 1}: ${what}`);
    }
    const own = groups.split(',').map((group) => group.trim());
    const named = own.filter((group) => group !== '');
    users.set(digest(token), { name, uid, groups: [...named, authenticatedGroup] });
  }
  // They are for this server, whatever audiences are asked for.
  return (token) => Promise.resolve(users.get(digest(token)));
}

/** Looked up by hash, so that the time it takes says nothing of how near a guess was. */
const digest = (token: string): string => createHash('sha256').update(token).digest('base64');

/** Values between commas, quoted where they hold one. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/g)].map(
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain.trim(),
  );
}
