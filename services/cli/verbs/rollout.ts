import { Command } from 'commander';
import type { Deployment } from '#shared/api';

import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { integerFlag } from '../flags.ts';
import { startTimeLimit } from '../objects/time-limit.ts';
import { qualified, reference } from '../objects/kinds.ts';
import { getOne } from '../objects/select.ts';
import { type Session, withSession } from '../objects/session.ts';
import { parseTarget } from '../objects/targets.ts';
import { addNamespace, type NamespaceOptions } from '../options.ts';
import { printHistory, rollBack } from '../rollout/history.ts';
import { rolloutProgress } from '../rollout/progress.ts';
import type { Rollout } from '../rollout/rollout.ts';
import { watchUntil } from '../objects/watch-until.ts';

interface RolloutOptions extends NamespaceOptions {
  readonly watch: string | boolean;
  readonly timeout: string;
  readonly revision?: string;
  readonly toRevision?: string;
}

type Action = (
  context: Context,
  session: Session,
  rollout: Rollout,
  options: RolloutOptions,
) => Promise<void>;

export function command(context: Context): Command {
  const rollout = addNamespace(new Command()).usage(
    'status|history|undo|restart|pause|resume TYPE/NAME [flags]',
  );
  const add = (name: string, summary: string, action: Action): Command => {
    const child: Command = addNamespace(new Command(name))
      .description(summary)
      .usage('(deployment NAME | deployment/NAME) [flags]')
      .argument('<args...>')
      .action((args: string[]) =>
        run(context, name, args, child.optsWithGlobals<RolloutOptions>(), action),
      );
    rollout.addCommand(child);
    return child;
  };
  add('status', 'follow a rollout until it is done', status)
    .option('-w, --watch [bool]', 'wait until it is done', true)
    .option('--timeout <duration>', 'such as 30s or 5m; 0: as long as it takes', '0s');
  add('history', 'list the revisions there were', (_context, session, target, options) =>
    printHistory(context, session, target, revisionOf('--revision', options.revision)),
  ).option('--revision <number>', 'show the pod template of this revision');
  add('undo', 'go back to an earlier revision', (_context, session, target, options) =>
    rollBack(context, session, target, revisionOf('--to-revision', options.toRevision)),
  ).option('--to-revision <number>', 'which one (default: the one before)');
  add('restart', 'replace every pod, as a rolling update', restart);
  add('pause', 'stop rolling out changes', (_context, session, target) =>
    setPaused(true, context, session, target),
  );
  add('resume', 'go on rolling out changes', (_context, session, target) =>
    setPaused(false, context, session, target),
  );
  return rollout;
}

const revisionOf = (flag: string, given: string | undefined): number =>
  given === undefined ? 0 : integerFlag(flag, given, 0, Number.MAX_SAFE_INTEGER);

function run(
  context: Context,
  verb: string,
  args: readonly string[],
  options: RolloutOptions,
  action: Action,
): Promise<void> {
  return withSession(context, options, async (session) => {
    const { kind, name } = parseTarget(await session.kinds(), args, verb);
    if (kind.resource !== 'deployments') {
      throw new CommandError(`no rollouts of ${qualified(kind)}: only deployments have them`);
    }
    const deployment = await getOne<Deployment>(session, kind, name);
    await action(context, session, { kind, name, deployment }, options);
  });
}

async function status(
  context: Context,
  session: Session,
  { kind, name, deployment }: Rollout,
  options: RolloutOptions,
): Promise<void> {
  const first = rolloutProgress(deployment);
  if (options.watch === false || options.watch === 'false') {
    if (first.failed) throw new CommandError(first.failed);
    context.out.write(`${first.message}\n`);
    return;
  }
  const limit = startTimeLimit(context, options.timeout);
  let said = '';
  const done = await watchUntil(
    context,
    session,
    kind,
    name,
    (object) => {
      if (object === undefined) throw new CommandError('object has been deleted');
      const progress = rolloutProgress(object);
      if (progress.failed) throw new CommandError(progress.failed);
      if (progress.message !== said) context.out.write(`${progress.message}\n`);
      said = progress.message;
      return progress.done;
    },
    limit.signal,
  );
  limit.cancel();
  if (!done) throw new CommandError('timed out waiting for the condition');
}

async function restart(context: Context, session: Session, target: Rollout): Promise<void> {
  const { kind, name, deployment } = target;
  if (deployment.spec?.paused) {
    throw new CommandError(
      `${qualified(kind)} "${name}" can't restart paused deployment (run rollout resume first)`,
    );
  }
  const restartedAt = new Date(context.clock.now()).toISOString();
  const annotations = { 'kubectl.kubernetes.io/restartedAt': restartedAt };
  await session.api.patch(
    kind,
    name,
    'merge',
    { spec: { template: { metadata: { annotations } } } },
    { namespace: session.namespace },
  );
  context.out.write(`${reference(kind, name)} restarted\n`);
}

async function setPaused(
  paused: boolean,
  context: Context,
  session: Session,
  { kind, name, deployment }: Rollout,
): Promise<void> {
  if ((deployment.spec?.paused ?? false) === paused) {
    throw new CommandError(`${qualified(kind)} "${name}" is ${paused ? 'already' : 'not'} paused`);
  }
  const patch = { spec: { paused: paused ? true : null } };
  await session.api.patch(kind, name, 'merge', patch, { namespace: session.namespace });
  context.out.write(`${reference(kind, name)} ${paused ? 'paused' : 'resumed'}\n`);
}
