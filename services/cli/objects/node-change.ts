import { Command } from 'commander';
import type { Node } from '#shared/api';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { addNamespace, type SelectorOptions } from '../options.ts';
import { refs } from './refs.ts';
import { type Found, reporting, selectObjects } from './select.ts';
import { type Session, withSession } from './session.ts';

/** `cordon` and `uncordon`: one field of a node, either way. */
export function cordonCommand(context: Context, unschedulable: boolean): Command {
  return addNamespace(new Command())
    .usage('NODE... [flags]')
    .argument('[nodes...]')
    .option('-l, --selector <selector>', 'nodes with these labels')
    .action((names: string[], options: SelectorOptions) =>
      withSession(context, options, async (session) => {
        const verb = unschedulable ? 'cordon' : 'uncordon';
        for (const found of await selectNodes(context, session, names, options, verb)) {
          await reporting(context, () => setUnschedulable(context, session, found, unschedulable));
        }
      }),
    );
}

export async function selectNodes(
  context: Context,
  session: Session,
  names: readonly string[],
  options: SelectorOptions,
  verb: string,
): Promise<Found[]> {
  const bare = names.map((name) => name.replace(/^(nodes?|no)\//, ''));
  if (bare.length === 0 && options.selector === undefined) {
    throw new CommandError(`name the nodes to ${verb}, or select them with -l`);
  }
  return selectObjects(context, session, ['nodes', ...bare], options, verb);
}

export async function setUnschedulable(
  context: Context,
  session: Session,
  { object }: Found,
  unschedulable: boolean,
): Promise<void> {
  const name = object.metadata?.name ?? '';
  const done = unschedulable ? 'cordoned' : 'uncordoned';
  if (((object as Node).spec?.unschedulable ?? false) === unschedulable) {
    context.out.write(`node/${name} already ${done}\n`);
    return;
  }
  const patch = { spec: { unschedulable: unschedulable ? true : null } };
  await session.api.patch(refs.nodes, name, 'merge', patch);
  context.out.write(`node/${name} ${done}\n`);
}
