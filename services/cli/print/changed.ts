import type { KindInfo, KubeObject } from '#shared/api';
import type { Context } from '../context.ts';
import { reference } from '../objects/kinds.ts';
import { formatObjects, parseOutput } from './format.ts';

interface ChangeOptions {
  readonly output?: string;
  readonly dryRun?: 'none' | 'server' | 'client';
}

/** `deployment.apps/hello created`, or the object itself where -o asks for it. */
export async function printChanged(
  context: Context,
  options: ChangeOptions,
  kind: KindInfo,
  object: KubeObject,
  what: string,
): Promise<void> {
  const format = parseOutput(options.output);
  const name = reference(kind, object.metadata?.name ?? '');
  if (format.type === 'table') {
    const dry = options.dryRun === undefined || options.dryRun === 'none' ? '' : options.dryRun;
    const suffix = { '': '', server: ' (server dry run)', client: ' (dry run)' }[dry];
    context.out.write(`${name} ${what}${suffix}\n`);
  } else if (format.type === 'name') context.out.write(`${name}\n`);
  else context.out.write(await formatObjects(format, [object], { single: true }));
}
