import { Command, CommanderError } from 'commander';
import { CommandError } from './command-error.ts';
import type { Context } from './context.ts';
import { globalValueFlags } from './options.ts';
import type { VerbEntry } from './verb.ts';
import { findVerb, verbs } from './verbs.ts';

/** Loads the one verb that is wanted, and only that, and runs it. */
export async function runProgram(context: Context, args: readonly string[]): Promise<void> {
  const ordered = verbFirst(args);
  const program = createProgram(context);
  const entry = ordered[0] === undefined ? undefined : findVerb(ordered[0]);
  const wanted = entry ?? (ordered[0] === 'help' ? findVerb(ordered[1] ?? '') : undefined);
  for (const other of verbs) if (other !== wanted) program.addCommand(stub(other), hidden(other));
  if (wanted) program.addCommand(await loadVerb(wanted, context), hidden(wanted));
  try {
    if (ordered.length === 0) {
      context.out.write(program.helpInformation());
      return;
    }
    await program.parseAsync(ordered, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has said what there is to say.
    if (error.exitCode !== 0) context.setExitCode(1);
  }
}

const hidden = (entry: VerbEntry): { hidden: boolean } => ({ hidden: entry.hidden === true });

/** `quorate -n kube-system get pods` is `quorate get -n kube-system pods`, as with kubectl. */
export function verbFirst(args: readonly string[]): string[] {
  let at = 0;
  while (at < args.length && globalValueFlags.some((flag) => isFlag(args[at], flag))) {
    at += args[at]?.includes('=') === true ? 1 : 2;
  }
  const verb = args[at];
  if (verb === undefined) return [...args];
  return [verb, ...args.slice(0, at), ...args.slice(at + 1)];
}

function isFlag(argument: string | undefined, flag: string): boolean {
  return argument === flag || argument?.startsWith(`${flag}=`) === true;
}

async function loadVerb(entry: VerbEntry, context: Context): Promise<Command> {
  const verb = await entry.load();
  const built = verb
    .command(context, verbs)
    .name(entry.name)
    .summary(entry.summary)
    .description(`${sentence(entry.summary)}.`)
    .helpGroup(entry.group)
    .aliases([...(entry.aliases ?? [])]);
  inherit(built, context);
  return built;
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Subcommands get the same manners; commander does not hand them down by itself. */
function inherit(command: Command, context: Context): void {
  manners(command, context);
  for (const child of command.commands) inherit(child, context);
}

function stub(entry: VerbEntry): Command {
  return new Command(entry.name)
    .summary(entry.summary)
    .helpGroup(entry.group)
    .aliases([...(entry.aliases ?? [])]);
}

function createProgram(context: Context): Command {
  const program = new Command('quorate')
    .description('A highly available control plane on your machine: run it, break it, prove it.')
    .usage('<command> [flags]')
    .helpCommand(false)
    .addHelpText('after', '\nUse "quorate <command> --help" for more about a command.');
  program.command('help [command]', { hidden: true }).action((name?: string) => {
    const found = program.commands.find((command) => command.name() === name);
    context.out.write((found ?? program).helpInformation());
  });
  // Whatever follows a word that is no command is that command's business, flags too.
  program
    .argument('[words...]')
    .allowUnknownOption()
    .action(([word = '']: readonly string[]) => {
      throw word.startsWith('-')
        ? new CommandError(`unknown flag: ${word}`, { hint: "See 'quorate --help' for usage." })
        : new CommandError(`unknown command "${word}" for "quorate"`, { hint: suggestion(word) });
    });
  manners(program, context);
  return program;
}

/** Verbs that begin like the word, or hold it; else where they are listed. */
function suggestion(word: string): string {
  const near = verbs.filter(
    ({ name, hidden }) => !hidden && (name.startsWith(word.slice(0, 2)) || name.includes(word)),
  );
  if (word === '' || near.length === 0) return 'Run `quorate help` for the commands there are.';
  return `Did you mean ${near.map(({ name }) => name).join(', ')}? \`quorate help\` lists all.`;
}

/** kubectl's way of refusing, and our streams. */
function manners(command: Command, context: Context): void {
  command
    .exitOverride()
    .allowExcessArguments(
      command.registeredArguments.length > 0 ? false : command.name() === 'quorate',
    )
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => context.out.write(text),
      writeErr: (text) => context.err.write(text),
      getOutHelpWidth: () => context.out.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(`${kubectlWording(text, command)}${seeHelp(command)}`),
    });
}

function kubectlWording(text: string, command: Command): string {
  return text
    .replace(/unknown option '([^']+)'/, 'unknown flag: $1')
    .replace(/required option '--([a-z-]+)[^']*' not specified/, 'required flag(s) "$1" not set')
    .replace(/option '([^']+)' argument missing/, 'flag needs an argument: $1')
    .replace(/unknown command '([^']+)'/, `unknown command "$1" for "${pathOf(command)}"`);
}

const seeHelp = (command: Command): string => `See '${pathOf(command)} --help' for usage.\n`;

/** As it is typed. */
function pathOf(command: Command): string {
  if (command.parent) return `${pathOf(command.parent)} ${command.name()}`;
  return command.name() === 'quorate' ? 'quorate' : `quorate ${command.name()}`;
}
