import { Command } from 'commander';
import type { KindInfo, KubeObject } from '#shared/api';
import { QuorateError } from '#shared/base';

import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { choiceFlag, integerFlag } from '../flags.ts';
import { forEachManifest } from '../objects/for-each-manifest.ts';
import { reference } from '../objects/kinds.ts';
import { type Found, getOne, reporting, selectObjects } from '../objects/select.ts';
import { type Session, withSession } from '../objects/session.ts';
import { startTimeLimit } from '../objects/time-limit.ts';
import { addFiles, addSelectors, type FileOptions, type SelectorOptions } from '../options.ts';
import { waitUntilGone } from '../objects/wait-until-gone.ts';

interface DeleteOptions extends SelectorOptions, FileOptions {
  readonly all?: boolean;
  readonly cascade: string;
  readonly gracePeriod?: string;
  readonly force?: boolean;
  readonly now?: boolean;
  readonly wait: string | boolean;
  readonly timeout: string;
  readonly ignoreNotFound?: boolean;
  readonly output?: string;
}

const cascades = ['background', 'foreground', 'orphan'] as const;

export function command(context: Context): Command {
  return addFiles(addSelectors(new Command()))
    .usage('TYPE NAME... | TYPE/NAME ... | TYPE -l SELECTOR | TYPE --all | -f FILE [flags]')
    .argument('[args...]')
    .option('--all', 'every object of that type in the namespace')
    .option('--cascade <how>', 'background, foreground or orphan', 'background')
    .option('--grace-period <seconds>', 'how long pods may take to stop')
    .option('--force', 'forget pods at once, without waiting for their nodes')
    .option('--now', 'the same as --grace-period=1')
    .option('--wait [bool]', 'wait until they are gone', true)
    .option('--no-wait', 'return as soon as deletion has begun')
    .option('--timeout <duration>', 'how long to wait; 0: as long as it takes', '0s')
    .option('--ignore-not-found', 'exit with 0 where something is not there')
    .option('-o, --output <format>', 'name')
    .action((args: string[], options: DeleteOptions) =>
      withSession(context, options, (session) => remove(context, session, args, options)),
    );
}

async function remove(
  context: Context,
  session: Session,
  args: readonly string[],
  options: DeleteOptions,
): Promise<void> {
  const how = deletion(options);
  const limit = startTimeLimit(context, options.timeout);
  const wait = options.wait !== false && options.wait !== 'false';
  if (how.gracePeriodSeconds === 0) {
    context.err.write(
      'Warning: Immediate deletion does not wait for confirmation that the running resource has ' +
        'been terminated. The resource may continue to run on the cluster indefinitely.\n',
    );
  }
  const going: Found[] = [];
  const begin = async (kind: KindInfo, object: KubeObject): Promise<void> => {
    const name = object.metadata?.name ?? '';
    const namespace = object.metadata?.namespace;
    try {
      const result = await session.api.delete(kind, name, {
        ...how,
        ...(namespace && { namespace }),
      });
      const what = options.force ? 'force deleted' : 'deleted';
      const line =
        options.output === 'name'
          ? reference(kind, name)
          : `${kind.singular}${kind.group === '' ? '' : `.${kind.group}`} "${name}" ${what}`;
      context.out.write(`${line}\n`);
      if (!result.gone) going.push({ kind, object: result.object });
    } catch (thrown) {
      if (!(options.ignoreNotFound && QuorateError.is(thrown, 'not-found'))) throw thrown;
    }
  };

  if ((options.filename ?? []).length > 0) {
    if (args.length > 0) throw new CommandError('cannot combine -f with names of resources');
    await forEachManifest(context, session, options, 'deleting', ({ kind, object }) =>
      begin(kind, object),
    );
  } else {
    for (const { kind, object } of await chosen(context, session, args, options)) {
      await reporting(context, () => begin(kind, object));
    }
  }
  if (wait) await waitForAll(context, session, going, limit.signal);
  limit.cancel();
}

async function waitForAll(
  context: Context,
  session: Session,
  going: readonly Found[],
  signal: AbortSignal,
): Promise<void> {
  for (const { kind, object } of going) {
    if (await waitUntilGone(context, session, kind, object, signal)) continue;
    const name = object.metadata?.name ?? '';
    context.err.write(`error: timed out waiting for the condition on ${kind.resource}/${name}\n`);
    context.setExitCode(1);
  }
}

function deletion(options: DeleteOptions): {
  propagation: 'background' | 'foreground' | 'orphan';
  gracePeriodSeconds?: number;
} {
  const propagation = choiceFlag('--cascade', options.cascade, cascades);
  if (options.now) return { propagation, gracePeriodSeconds: 1 };
  if (options.gracePeriod !== undefined) {
    const seconds = integerFlag('--grace-period', options.gracePeriod, -1, 2 ** 31);
    if (seconds === 0 && !options.force) {
      // kubectl's protection: without --force a pod's node still confirms that it is gone.
      return { propagation, gracePeriodSeconds: 1 };
    }
    return seconds < 0 ? { propagation } : { propagation, gracePeriodSeconds: seconds };
  }
  return options.force ? { propagation, gracePeriodSeconds: 0 } : { propagation };
}

async function chosen(
  context: Context,
  session: Session,
  args: readonly string[],
  options: DeleteOptions,
): Promise<Found[]> {
  const named = args.length > 1 || args.some((arg) => arg.includes('/'));
  const selecting = options.selector !== undefined || options.fieldSelector !== undefined;
  if (args.length > 0 && !named && !selecting && !options.all) {
    throw new CommandError(
      'resource(s) were provided, but no name was specified: name them, or say --all or -l',
    );
  }
  const found: Found[] = [];
  if (named && options.ignoreNotFound) {
    const { parseTargets } = await import('../objects/targets.ts');
    for (const { kind, name } of parseTargets(await session.kinds(), args, 'delete')) {
      try {
        if (name !== undefined) found.push({ kind, object: await getOne(session, kind, name) });
      } catch (thrown) {
        if (!QuorateError.is(thrown, 'not-found')) throw thrown;
      }
    }
    return found;
  }
  found.push(...(await selectObjects(context, session, args, options, 'delete')));
  if (found.length === 0 && !named) context.err.write('No resources found\n');
  return found;
}
