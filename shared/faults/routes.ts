import { QuorateError } from '#shared/base';
import type { FaultSpec, LinkFault } from './fault.ts';

/** A process that can be broken, as far as links are concerned. */
export interface FaultTarget {
  readonly name: string;
  /** A worker calls masters; nobody but masters is called. */
  readonly role: 'master' | 'worker';
}

/** A fault and the process to set it in. */
export interface Route {
  readonly process: string;
  readonly spec: FaultSpec;
}

type LinkNumbers = Omit<LinkFault, 'kind' | 'peer' | 'direction'>;

/** The other sides of a master's ports that are no processes of the cluster. */
const callers = ['clients', 'api', 'rest'];

/** Where to set what for everything that `from` sends to `to`; `*` is every process. */
export function linkRoutes(
  targets: readonly FaultTarget[],
  from: string,
  to: string,
  numbers: LinkNumbers,
): Route[] {
  const senders = named(targets, from);
  const receivers = named(targets, to);
  const routes: Route[] = [];
  const add = (process: string, peer: string, direction: 'in' | 'out'): void => {
    routes.push({ process, spec: { kind: 'link', peer, direction, ...numbers } });
  };
  for (const a of senders) {
    for (const b of receivers) {
      if (a === b) continue;
      const [roleA, roleB] = [roleOf(targets, a), roleOf(targets, b)];
      if (roleA === 'worker' && roleB === 'worker') continue;
      // The worker's end of a link to a master is the one that knows who is who.
      if (roleA === undefined || roleB === 'worker') {
        if (roleB !== undefined) add(b, a, 'in');
      } else add(a, b, 'out');
    }
  }
  if (routes.length > 0) return routes;
  throw new QuorateError('bad-request', `there is no link from ${from} to ${to}`);
}

/** Nothing passes between the groups in either way; processes in no group make up one more. */
export function partitionRoutes(
  targets: readonly FaultTarget[],
  groups: readonly (readonly string[])[],
  numbers: LinkNumbers,
): Route[] {
  checkGroups(targets, groups);
  const listed = new Set(groups.flat());
  const rest = targets.map(({ name }) => name).filter((name) => !listed.has(name));
  const all = rest.length > 0 ? [...groups, rest] : groups;
  const routes: Route[] = [];
  for (const a of targets) {
    for (const b of targets) {
      const [groupA, groupB] = [a, b].map(({ name }) => all.find((group) => group.includes(name)));
      const knows = b.role === 'master' && groupA !== groupB;
      if (!knows) continue;
      const spec = { kind: 'link', peer: b.name, direction: 'both', ...numbers } as const;
      routes.push({ process: a.name, spec });
    }
  }
  if (routes.length > 0) return routes;
  throw new QuorateError('bad-request', 'a partition needs processes on two sides');
}

/** Throws where somebody cannot be in a partition, or is named twice. */
export function checkGroups(
  targets: readonly FaultTarget[],
  groups: readonly (readonly string[])[],
): void {
  const listed = new Set<string>();
  for (const name of groups.flat()) {
    if (callers.includes(name)) {
      throw new QuorateError('bad-request', `${name} cannot be in a partition: cut its links`);
    }
    named(targets, name);
    if (listed.has(name)) {
      throw new QuorateError('bad-request', `${name} is named twice in the partition`);
    }
    listed.add(name);
  }
}

function named(targets: readonly FaultTarget[], name: string): string[] {
  if (name === '*') return targets.map((target) => target.name);
  if (callers.includes(name) || targets.some((target) => target.name === name)) return [name];
  const known = [...targets.map((target) => target.name), ...callers].join(', ');
  throw new QuorateError('not-found', `no process is named "${name}": there are ${known}`);
}

function roleOf(targets: readonly FaultTarget[], name: string): 'master' | 'worker' | undefined {
  return targets.find((target) => target.name === name)?.role;
}
