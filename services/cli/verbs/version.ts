import { Command } from 'commander';
import { version } from '#shared/runtime';
import type { Context } from '../context.ts';
import { formatJson, formatYaml, parseOutput } from '../print/format.ts';

export function command(context: Context): Command {
  return new Command()
    .option('-o, --output <format>', 'json or yaml')
    .action(async ({ output }: { output?: string }) => {
      const { type } = parseOutput(output);
      const value = { version, node: process.versions.node };
      if (type === 'json') context.out.write(formatJson(value));
      else if (type === 'yaml') context.out.write(await formatYaml(value));
      else context.out.write(`quorate ${version} (Node.js ${process.versions.node})\n`);
    });
}
