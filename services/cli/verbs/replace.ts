import { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { forEachManifest } from '../objects/for-each-manifest.ts';
import { typed } from '../objects/select.ts';
import { withSession } from '../objects/session.ts';
import { addDryRun, addFiles, addNamespace, addOutput } from '../options.ts';
import { printChanged } from '../print/changed.ts';
import type { WriteFilesOptions } from './create.ts';

export function command(context: Context): Command {
  return addDryRun(addOutput(addFiles(addNamespace(new Command())))).action(
    (options: WriteFilesOptions) =>
      withSession(context, options, (session) =>
        forEachManifest(context, session, options, 'replacing', async (manifest) => {
          const { kind, object, namespace } = manifest;
          const name = object.metadata?.name;
          if (!name) throw new CommandError('resource name may not be empty');
          const write = { ...namespace, dryRun: options.dryRun === 'server' };
          // Without a resourceVersion the manifest wins, whatever is there: but it must be there.
          const result =
            options.dryRun === 'client'
              ? object
              : typed(kind, await session.api.update(kind, object, write));
          await printChanged(context, options, kind, result, 'replaced');
        }),
      ),
  );
}
