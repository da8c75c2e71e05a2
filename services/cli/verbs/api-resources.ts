import { Command } from 'commander';
import type { Context } from '../context.ts';
import { apiVersionOf, qualified } from '../objects/kinds.ts';
import { withSession } from '../objects/session.ts';
import { addConnection, type ConnectionOptions } from '../options.ts';
import { formatTable } from '../print/table.ts';
import { CommandError } from '../command-error.ts';

interface ApiResourcesOptions extends ConnectionOptions {
  readonly headers: boolean;
  readonly output?: string;
  readonly namespaced?: string;
}

export function command(context: Context): Command {
  return addConnection(new Command())
    .option('-o, --output <format>', 'name or wide')
    .option('--namespaced <true|false>', 'only kinds that do, or do not, live in namespaces')
    .option('--no-headers', 'leave out the heads of columns')
    .action((options: ApiResourcesOptions) => printKinds(context, options));
}

async function printKinds(context: Context, options: ApiResourcesOptions): Promise<void> {
  if (options.output !== undefined && !['name', 'wide'].includes(options.output)) {
    throw new CommandError(`--output ${options.output} is not available`);
  }
  const all = await withSession(context, options, (session) => session.kinds());
  const kinds = all
    .filter((kind) => !options.namespaced || String(kind.namespaced) === options.namespaced)
    .toSorted((a, b) => {
      const [x, y] = [`${a.group}/${a.resource}`, `${b.group}/${b.resource}`];
      return x < y ? -1 : 1;
    });
  if (options.output === 'name') {
    context.out.write(kinds.map((kind) => `${qualified(kind)}\n`).join(''));
    return;
  }
  const wide = options.output === 'wide';
  const heads = ['name', 'shortnames', 'apiversion', 'namespaced', 'kind'];
  if (wide) heads.push('verbs', 'categories');
  const rows = kinds.map((kind) => {
    const row = [
      kind.resource,
      kind.shortNames.join(','),
      apiVersionOf(kind),
      String(kind.namespaced),
      kind.kind,
    ];
    if (wide) row.push(kind.verbs.join(','), kind.categories.join(','));
    return row;
  });
  context.out.write(formatTable(heads, rows, { noHeaders: !options.headers }));
}
