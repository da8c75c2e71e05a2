import { Command } from 'commander';
import type { Pod } from '#shared/api';

import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { integerFlag } from '../flags.ts';
import { resolveKind } from '../objects/kinds.ts';
import { selectNodes, setUnschedulable } from '../objects/node-change.ts';
import { refs } from '../objects/refs.ts';
import { reporting } from '../objects/select.ts';
import { type Session, withSession } from '../objects/session.ts';
import { waitUntilGone } from '../objects/wait-until-gone.ts';
import { addNamespace, type SelectorOptions } from '../options.ts';

interface DrainOptions extends SelectorOptions {
  readonly force?: boolean;
  readonly gracePeriod?: string;
  readonly ignoreDaemonsets?: boolean;
  readonly deleteEmptydirData?: boolean;
}

export function command(context: Context): Command {
  return addNamespace(new Command())
    .usage('NODE... [flags]')
    .argument('[nodes...]')
    .option('-l, --selector <selector>', 'nodes with these labels')
    .option('--force', 'delete pods that no controller would start elsewhere')
    .option('--grace-period <seconds>', 'how long pods may take to stop')
    .option('--ignore-daemonsets', 'accepted as by kubectl; there are no daemon sets here')
    .option('--delete-emptydir-data', 'accepted as by kubectl')
    .action((names: string[], options: DrainOptions) =>
      withSession(context, options, async (session) => {
        for (const found of await selectNodes(context, session, names, options, 'drain')) {
          await reporting(context, async () => {
            await setUnschedulable(context, session, found, true);
            await evict(context, session, found.object.metadata?.name ?? '', options);
          });
        }
      }),
    );
}

async function evict(
  context: Context,
  session: Session,
  node: string,
  options: DrainOptions,
): Promise<void> {
  const { items } = await session.api.list<Pod>(refs.pods, {
    fieldSelector: `spec.nodeName=${node}`,
  });
  const pods = items.filter(
    ({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
  );
  const bare = pods.filter(
    (pod) => !pod.metadata?.ownerReferences?.some((owner) => owner.controller),
  );
  if (bare.length > 0 && !options.force) {
    const names = bare.map((pod) => `${pod.metadata?.namespace}/${pod.metadata?.name}`);
    throw new CommandError(
      `unable to drain node "${node}": cannot delete pods that declare no controller ` +
        `(use --force to override): ${names.join(', ')}`,
    );
  }
  const kind = resolveKind(await session.kinds(), 'pods');
  const seconds =
    options.gracePeriod === undefined
      ? -1
      : integerFlag('--grace-period', options.gracePeriod, -1, 2 ** 31);
  await Promise.all(
    pods.map(async (pod) => {
      const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
      context.out.write(`evicting pod ${namespace}/${name}\n`);
      await session.api.delete(refs.pods, name, {
        namespace,
        uid,
        ...(seconds >= 0 && { gracePeriodSeconds: seconds }),
      });
      await waitUntilGone(context, session, kind, pod);
      context.out.write(`pod/${name} evicted\n`);
    }),
  );
  context.out.write(`node/${node} drained\n`);
}
