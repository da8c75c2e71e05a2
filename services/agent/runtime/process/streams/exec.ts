import { messageOf, QuorateError } from '#shared/base';
import type { ExecOptions, RunningCommand } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { ContainerRoot } from '../mounts/container-root.ts';
import { type CommandPlace, whyNotRunnable } from '../runnable.ts';
import { execPipes } from './exec-pipes.ts';
import { execTerminal } from './exec-terminal.ts';

/** Starts a command beside a container's own. Throws `internal`, in a runtime's words, where it cannot. */
export async function exec(
  asked: CommandPlace,
  root: ContainerRoot,
  options: ExecOptions,
  clock: Clock,
): Promise<RunningCommand> {
  const why = whyNotRunnable(asked, root.locate);
  if (why) throw execFailed(why.message);
  const place = root.enter(asked);
  try {
    return options.tty ? await execTerminal(place) : await execPipes(place, options, clock);
  } catch (thrown) {
    throw execFailed(messageOf(thrown));
  }
}

const execFailed = (why: string): QuorateError =>
  new QuorateError(
    'internal',
    `error executing command in container: failed to exec in container: ${why}`,
  );
