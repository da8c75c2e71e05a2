import { assert } from '#shared/base';

/** One command of a scenario: `name positional key=value`, after the comments above it. */
export interface Command {
  readonly name: string;
  readonly args: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

interface Block {
  /** Comments and the command line, to be kept as they are. */
  readonly head: readonly string[];
  readonly command: Command | undefined;
}

function parseCommand(line: string): Command {
  const [name = '', ...words] = line.split(/\s+/);
  const args = words.filter((word) => !word.includes('='));
  const options = words
    .filter((word) => word.includes('='))
    .map((word): [string, string] => {
      const at = word.indexOf('=');
      return [word.slice(0, at), word.slice(at + 1)];
    });
  return { name, args, options: new Map(options) };
}

/** Blocks are parted by blank lines; a block without `----` is only a comment. */
function parse(text: string): Block[] {
  return text
    .trimEnd()
    .split(/\n{2,}/)
    .map((block) => {
      const lines = block.split('\n');
      const rule = lines.indexOf('----');
      const head = rule < 0 ? lines : lines.slice(0, rule);
      if (rule < 0) return { head, command: undefined };
      const commands = head.filter((line) => !line.startsWith('#'));
      assert(commands.length === 1, `one command per block, not: ${commands.join(' | ')}`);
      const command = parseCommand(commands[0] ?? '');
      return { head, command };
    });
}

/** Runs every command and returns the scenario with the output that came. */
export function runScenario(text: string, run: (command: Command) => string): string {
  const blocks = parse(text).map(({ head, command }) => {
    if (command === undefined) return head.join('\n');
    const output = run(command).trimEnd();
    return [...head, '----', output === '' ? 'ok' : output].join('\n');
  });
  return `${blocks.join('\n\n')}\n`;
}
