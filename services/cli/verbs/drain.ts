import { Command } from 'commander';
import type { Pod } from '#shared/api';
import { QuorateError } from '#shared/base';

import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { integerFlag } from '../flags.ts';
import { resolveKind } from '../objects/kinds.ts';
import { selectNodes, setUnschedulable } from '../objects/node-change.ts';
import { refs } from '../objects/refs.ts';
import { reporting } from '../objects/select.ts';
import { type Session, withSession } from '../objects/session.ts';
import { startTimeLimit } from '../objects/time-limit.ts';
import { waitUntilGone } from '../objects/wait-until-gone.ts';
import { addNamespace, type SelectorOptions } from '../options.ts';

interface DrainOptions extends SelectorOptions {
  readonly force?: boolean;
  readonly gracePeriod?: string;
  readonly timeout: string;
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
    .option('--timeout <duration>', 'how long to wait; 0: as long as it takes', '0s')
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
  const limit = startTimeLimit(context, options.timeout);
  await Promise.all(
    pods.map(async (pod) => {
      const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
      context.out.write(`evicting pod ${namespace}/${name}\n`);
      try {
        await session.api.delete(refs.pods, name, {
          namespace,
          uid,
          ...(seconds >= 0 && { gracePeriodSeconds: seconds }),
        });
      } catch (thrown) {
        // It went by itself, or another of its name is there: either way it is off this node.
        if (!QuorateError.is(thrown, 'not-found', 'conflict')) throw thrown;
      }
      if (!(await waitUntilGone(context, session, kind, pod, limit.signal))) {
        throw new CommandError(
          `unable to drain node "${node}": pod ${namespace}/${name} is still there`,
        );
      }
      context.out.write(`pod/${name} evicted\n`);
    }),
  );
  limit.cancel();
  context.out.write(`node/${node} drained\n`);
}
