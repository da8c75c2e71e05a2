import type { User } from '../user.ts';

const prefix = 'system:node:';

/** The node that a user is the agent of: named `system:node:<name>`, in the group system:nodes. */
export function nodeOf({ name, groups }: User): string | undefined {
  const node = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return node !== '' && groups.includes('system:nodes') ? node : undefined;
}
