import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Json, KubeObject } from '#shared/api';
import { QuorateError } from '#shared/base';
import { CommandError, describeError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { mergePatchBetween } from '../objects/apply-merge.ts';
import { reference } from '../objects/kinds.ts';
import { parseManifests } from '../objects/manifests.ts';
import { getOne } from '../objects/select.ts';
import { withSession } from '../objects/session.ts';
import { parseTarget } from '../objects/targets.ts';
import { addNamespace, type NamespaceOptions } from '../options.ts';
import { formatYaml, withoutManagers } from '../print/format.ts';

const head =
  '# Edit the object below. Lines that begin with # are ignored, and an empty file ends the edit.\n' +
  '# Where the server refuses what you save, this file opens again with what is wrong.\n#\n';

export function command(context: Context): Command {
  return addNamespace(new Command())
    .usage('(TYPE NAME | TYPE/NAME) [flags]')
    .argument('<args...>')
    .action((args: string[], options: NamespaceOptions) => edit(context, args, options));
}

async function edit(
  context: Context,
  args: readonly string[],
  options: NamespaceOptions,
): Promise<void> {
  await withSession(context, options, async (session) => {
    const { kind, name } = parseTarget(await session.kinds(), args, 'edit');
    const object = await getOne(session, kind, name);
    const original = await formatYaml(withoutManagers(object));
    let text = `${head}${original}`;
    let refused: unknown;
    for (;;) {
      const saved = editText(context, text);
      const unchanged = withoutComments(saved) === withoutComments(text);
      if (unchanged && refused !== undefined) {
        context.err.write(`${describeError(refused)}\n`);
        throw new CommandError('Edit cancelled, no valid changes were saved.');
      }
      if (unchanged || withoutComments(saved).trim() === '') {
        context.err.write('Edit cancelled, no changes made.\n');
        return;
      }
      try {
        const edited = await parseOne(saved);
        const patch = mergePatchBetween(object as unknown as Json, edited as unknown as Json);
        if (patch === undefined) {
          context.err.write('Edit cancelled, no changes made.\n');
          return;
        }
        const namespace = object.metadata?.namespace;
        await session.api.patch(kind, name, 'merge', patch, namespace ? { namespace } : {});
        context.out.write(`${reference(kind, name)} edited\n`);
        return;
      } catch (thrown) {
        if (
          !(thrown instanceof CommandError || QuorateError.is(thrown, 'invalid', 'bad-request'))
        ) {
          throw thrown;
        }
        refused = thrown;
        const problem = describeError(thrown).replaceAll('\n', '\n# ');
        text = `${head}# ${problem}\n#\n${withoutComments(saved)}`;
      }
    }
  });
}

const withoutComments = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');

async function parseOne(text: string): Promise<KubeObject> {
  const [manifest, ...more] = await parseManifests(text, 'the edited text');
  if (!manifest || more.length > 0) throw new CommandError('the text must hold one object');
  if ('error' in manifest) throw manifest.error;
  return manifest.object;
}

/** Runs the person's editor on a private file and returns what was saved. */
function editText(context: Context, text: string): string {
  const editor = context.env['KUBE_EDITOR'] || context.env['EDITOR'] || 'vi';
  const dir = mkdtempSync(join(tmpdir(), 'quorate-edit-'));
  const file = join(dir, 'object.yaml');
  try {
    writeFileSync(file, text, { mode: 0o600 });
    const run = spawnSync('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    if (run.status !== 0) {
      throw new CommandError(`there was a problem with the editor "${editor}"`, {
        hint: 'Name another one in $EDITOR.',
      });
    }
    return readFileSync(file, 'utf8');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
