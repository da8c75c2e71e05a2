import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { getOne, typed } from '../objects/select.ts';
import { withSession } from '../objects/session.ts';
import { parseTarget } from '../objects/targets.ts';
import { manifestYaml } from '../objects/yaml.ts';
import { addDryRun, addNamespace, addOutput, type NamespaceOptions } from '../options.ts';
import { printChanged } from '../print/changed.ts';

interface PatchOptions extends NamespaceOptions {
  readonly patch?: string;
  readonly patchFile?: string;
  readonly type: string;
  readonly subresource?: string;
  readonly output?: string;
  readonly dryRun?: 'none' | 'server' | 'client';
}

export function command(context: Context): Command {
  return addDryRun(addOutput(addNamespace(new Command())))
    .usage('(TYPE NAME | TYPE/NAME) -p PATCH [flags]')
    .argument('<args...>')
    .option('-p, --patch <patch>', 'the patch, as JSON or YAML')
    .option('--patch-file <file>', 'a file that holds the patch')
    .option('--type <type>', 'merge (RFC 7386) or json (RFC 6902)', 'merge')
    .option('--subresource <name>', 'such as status')
    .action((args: string[], options: PatchOptions) => patch(context, args, options));
}

async function patch(
  context: Context,
  args: readonly string[],
  options: PatchOptions,
): Promise<void> {
  const body = await readPatch(context, options);
  const type = patchType(options.type);
  await withSession(context, options, async (session) => {
    const { kind, name } = parseTarget(await session.kinds(), args, 'patch');
    const before = await getOne(session, kind, name);
    const after = await session.api.patch(kind, name, type, body, {
      ...(kind.namespaced && { namespace: session.namespace }),
      ...(options.subresource && { subresource: options.subresource }),
      dryRun: options.dryRun === 'server' || options.dryRun === 'client',
    });
    const same = before.metadata?.resourceVersion === after.metadata?.resourceVersion;
    const what = same && !options.dryRun ? 'patched (no change)' : 'patched';
    await printChanged(context, options, kind, typed(kind, after), what);
  });
}

function patchType(type: string): 'merge' | 'json' {
  if (type === 'merge' || type === 'json') return type;
  if (type === 'strategic') {
    throw new CommandError('strategic merge patches are not supported here', {
      hint: 'Use --type=merge (lists are replaced as a whole) or --type=json.',
    });
  }
  throw new CommandError(`--type must be one of [json merge], not "${type}"`);
}

async function readPatch(context: Context, options: PatchOptions): Promise<unknown> {
  const text =
    options.patchFile === undefined
      ? options.patch
      : readFileSync(resolve(context.cwd, options.patchFile), 'utf8');
  if (!text) throw new CommandError('must specify --patch or --patch-file containing the patch');
  const { parse } = await import('yaml');
  try {
    const body = parse(text, manifestYaml) as unknown;
    if (typeof body === 'object' && body !== null) return body;
  } catch {
    // Falls through: neither JSON nor YAML.
  }
  throw new CommandError(`unable to parse "${text}" as a patch: it must be a JSON or YAML object`);
}
