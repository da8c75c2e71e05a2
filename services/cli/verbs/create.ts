import { Command } from 'commander';
import type { Context } from '../context.ts';
import { createCommands } from '../create/commands.ts';
import { forEachManifest } from '../objects/for-each-manifest.ts';
import { typed } from '../objects/select.ts';
import { withSession } from '../objects/session.ts';
import {
  addFiles,
  addNamespace,
  addOutput,
  addDryRun,
  type FileOptions,
  type NamespaceOptions,
} from '../options.ts';
import { printChanged } from '../print/changed.ts';

export interface WriteFilesOptions extends NamespaceOptions, FileOptions {
  readonly output?: string;
  readonly dryRun?: 'none' | 'server' | 'client';
}

export function command(context: Context): Command {
  const create = addDryRun(addOutput(addFiles(addNamespace(new Command())))).action(
    (options: WriteFilesOptions) =>
      withSession(context, options, (session) =>
        forEachManifest(
          context,
          session,
          options,
          'creating',
          async ({ kind, object, namespace }) => {
            const write = { ...namespace, dryRun: options.dryRun === 'server' };
            const result =
              options.dryRun === 'client'
                ? object
                : typed(kind, await session.api.create(kind, object, write));
            await printChanged(context, options, kind, result, 'created');
          },
        ),
      ),
  );
  for (const child of createCommands(context)) create.addCommand(child);
  return create;
}
