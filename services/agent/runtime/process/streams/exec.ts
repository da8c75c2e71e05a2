import { QuorateError } from '#shared/base';
import type { ExecOptions, RunningCommand } from '#shared/client';
import type { Clock } from '#shared/clock';
import { type CommandPlace, whyNotRunnable } from '../runnable.ts';
import { execPipes } from './exec-pipes.ts';
import { execTerminal } from './exec-terminal.ts';

/** Starts a command beside a container's own. Throws `internal`, in a runtime's words, where it cannot. */
export async function exec(
  place: CommandPlace,
  options: ExecOptions,
  clock: Clock,
): Promise<RunningCommand> {
  const why = whyNotRunnable(place);
  if (why) throw execFailed(why.message);
  try {
    return options.tty ? await execTerminal(place) : await execPipes(place, options, clock);
  } catch (thrown) {
    throw execFailed(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

const execFailed = (why: string): QuorateError =>
  new QuorateError(
    'internal',
    `error executing command in container: failed to exec in container: ${why}`,
  );
