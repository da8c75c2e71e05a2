import { Command } from 'commander';
import type { KubeObject } from '#shared/api';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { reporting, selectObjects, typed } from '../objects/select.ts';
import { withSession } from '../objects/session.ts';
import { addOutput, addSelectors, type SelectorOptions } from '../options.ts';
import { printChanged } from '../print/changed.ts';

interface ScaleOptions extends SelectorOptions {
  readonly replicas?: string;
  readonly currentReplicas?: string;
  readonly all?: boolean;
  readonly output?: string;
}

interface Scalable extends KubeObject {
  spec?: { replicas?: number };
}

export function command(context: Context): Command {
  return addOutput(addSelectors(new Command()))
    .usage('(TYPE NAME | TYPE/NAME) --replicas=COUNT [flags]')
    .argument('<args...>')
    .option('--replicas <count>', 'the number wanted')
    .option('--current-replicas <count>', 'only where this is the number now')
    .option('--all', 'every object of that type in the namespace')
    .action((args: string[], options: ScaleOptions) => scale(context, args, options));
}

async function scale(
  context: Context,
  args: readonly string[],
  options: ScaleOptions,
): Promise<void> {
  const replicas = count(options.replicas);
  await withSession(context, options, async (session) => {
    for (const { kind, object } of await selectObjects(context, session, args, options, 'scale')) {
      await reporting(context, async () => {
        const { name = '', namespace } = object.metadata ?? {};
        const now = (object as Scalable).spec?.replicas;
        if (now === undefined)
          throw new CommandError(`cannot scale a ${kind.kind}: it has no spec.replicas`);
        if (options.currentReplicas !== undefined && Number(options.currentReplicas) !== now) {
          throw new CommandError(`Expected replicas to be ${options.currentReplicas}, was ${now}`);
        }
        const patch = { spec: { replicas } };
        const write = namespace === undefined ? {} : { namespace };
        const after = await session.api.patch(kind, name, 'merge', patch, write);
        await printChanged(context, options, kind, typed(kind, after), 'scaled');
      });
    }
  });
}

function count(given: string | undefined): number {
  const replicas = Number(given);
  if (given !== undefined && /^\d+$/.test(given) && Number.isSafeInteger(replicas)) return replicas;
  throw new CommandError(
    'The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0',
  );
}
