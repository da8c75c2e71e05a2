import type { KindInfo, KubeObject } from '#shared/api';
import type { ListOptions } from '#shared/client';
import { CommandError, describeError } from '../command-error.ts';
import type { Context } from '../context.ts';
import type { SelectorOptions } from '../options.ts';
import type { Session } from './session.ts';
import { parseTargets, type Target } from './targets.ts';

/** An object of the server and the kind it is of. */
export interface Found {
  readonly kind: KindInfo;
  readonly object: KubeObject;
}

/** kubectl's page size: a list of any length is many small answers. */
const pageLimit = 500;

export function listOptionsFor(
  kind: KindInfo,
  session: Session,
  options: SelectorOptions,
): ListOptions {
  return {
    ...(kind.namespaced && !options.allNamespaces && { namespace: session.namespace }),
    ...(options.selector && { labelSelector: options.selector }),
    ...(options.fieldSelector && { fieldSelector: options.fieldSelector }),
    limit: pageLimit,
  };
}

/** Every page of a collection. */
export async function listAll<T extends KubeObject>(
  session: Session,
  kind: KindInfo,
  options: SelectorOptions,
): Promise<T[]> {
  const items: T[] = [];
  const listOptions = listOptionsFor(kind, session, options);
  let next: string | undefined;
  do {
    const page = await session.api.list<T>(kind, {
      ...listOptions,
      ...(next && { continue: next }),
    });
    items.push(...page.items.map((item) => typed(kind, item)));
    next = page.continue;
  } while (next);
  return items;
}

/** Objects of a list may leave out what kind they are; whoever prints them needs it. */
export function typed<T extends KubeObject>(kind: KindInfo, object: T): T {
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  return { ...object, apiVersion, kind: kind.kind };
}

export const getOne = async <T extends KubeObject>(
  session: Session,
  kind: KindInfo,
  name: string,
): Promise<T> =>
  typed(
    kind,
    await session.api.get<T>(kind, name, kind.namespaced ? session.namespace : undefined),
  );

/** `error: a resource cannot be retrieved by name across all namespaces` and its like. */
export function checkTargets(targets: readonly Target[], options: SelectorOptions): void {
  const named = targets.some(({ name }) => name !== undefined);
  if (!named) return;
  if (options.allNamespaces) {
    throw new CommandError('a resource cannot be retrieved by name across all namespaces');
  }
  if (options.selector !== undefined) {
    throw new CommandError('name cannot be provided when a selector is specified');
  }
  if (options.fieldSelector !== undefined) {
    throw new CommandError('field selectors are not supported when a name is specified');
  }
}

/**
 * The objects that arguments and selectors name. One that is missing is reported, sets the exit
 * code, and does not keep the others back.
 */
export async function selectObjects(
  context: Context,
  session: Session,
  args: readonly string[],
  options: SelectorOptions,
  verb: string,
): Promise<Found[]> {
  const targets = parseTargets(await session.kinds(), args, verb);
  checkTargets(targets, options);
  const found: Found[] = [];
  for (const { kind, name } of targets) {
    await reporting(context, async () => {
      const objects =
        name === undefined
          ? await listAll(session, kind, options)
          : [await getOne(session, kind, name)];
      found.push(...objects.map((object) => ({ kind, object })));
    });
  }
  return found;
}

/** Runs `fn`; an error goes to stderr and into the exit code, and the next step goes on. */
export async function reporting(context: Context, fn: () => Promise<void>): Promise<boolean> {
  try {
    await fn();
    return true;
  } catch (thrown) {
    // Without a server there is no next step.
    if (isUnreachable(thrown)) throw thrown;
    context.err.write(`${describeError(thrown)}\n`);
    context.setExitCode(1);
    return false;
  }
}

export const isUnreachable = (thrown: unknown): boolean =>
  (thrown as { code?: unknown } | undefined)?.code === 'unavailable';
