import { Command } from 'commander';
import type { CommandCall } from '#shared/client';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { podOf } from '../objects/pod-of.ts';
import { withSession } from '../objects/session.ts';
import { addNamespace, type NamespaceOptions } from '../options.ts';

interface ExecFlags extends NamespaceOptions {
  readonly container?: string;
  readonly stdin?: boolean;
  readonly tty?: boolean;
}

export function command(context: Context): Command {
  return addNamespace(new Command())
    .usage('(POD | TYPE/NAME) [-c CONTAINER] [-i] [-t] -- COMMAND [args...]')
    .argument('<name>', 'such as hello-5d4f-x7k2, or deployment/hello')
    .argument('<command...>')
    .option('-c, --container <name>', 'which container of the pod')
    .option('-i, --stdin', 'pass standard input on')
    .option('-t, --tty', 'run the command on a terminal')
    .action((name: string, words: string[], options: ExecFlags) =>
      withSession(context, options, async (session) => {
        const pod = await podOf(context, session, name);
        const { name: podName = '', namespace = '' } = pod.metadata ?? {};
        const tty = options.tty === true && context.terminal.stdin.isTTY;
        if (options.tty === true && !tty) {
          context.err.write('Unable to use a TTY - input is not a terminal\n');
        }
        const call = await session.api.exec(namespace, podName, {
          container: options.container ?? pod.spec?.containers[0]?.name,
          command: words,
          stdin: options.stdin === true,
          stdout: true,
          stderr: !tty,
          tty,
        });
        await carry(context, call, { stdin: options.stdin === true, tty });
      }),
    );
}

async function carry(
  context: Context,
  call: CommandCall,
  { stdin, tty }: { readonly stdin: boolean; readonly tty: boolean },
): Promise<void> {
  const { stdin: input, stdout: screen } = context.terminal;
  const resize = (): void => {
    void call.send({ type: 'resize', width: screen.columns, height: screen.rows });
  };
  if (tty) {
    if (stdin) input.setRawMode(true);
    screen.on('resize', resize);
    resize();
  }
  const pump = async (): Promise<void> => {
    for await (const data of input as AsyncIterable<Buffer>) {
      await call.send({ type: 'stdin', data });
    }
    await call.send({ type: 'stdin-end' });
  };
  if (stdin) pump().catch(() => call.cancel());
  try {
    for await (const output of call.received) {
      if (output.type === 'end') {
        const { exitCode } = output;
        if (exitCode === 0) return;
        throw new CommandError(`command terminated with exit code ${exitCode}`, { exitCode });
      }
      const out = output.type === 'stdout' ? context.out : context.err;
      out.writeBytes(output.data);
    }
  } finally {
    if (tty) {
      screen.off('resize', resize);
      if (stdin) input.setRawMode(false);
    }
  }
}
