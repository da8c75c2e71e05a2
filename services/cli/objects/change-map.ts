import type { KubeObject, ObjectMeta } from '#shared/api';
import { equalJson } from './apply-merge.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { addDryRun, addOutput, addSelectors, type SelectorOptions } from '../options.ts';
import { printChanged } from '../print/changed.ts';
import { Command } from 'commander';
import { reporting, selectObjects, typed } from './select.ts';
import { type Session, withSession } from './session.ts';

interface ChangeMapOptions extends SelectorOptions {
  readonly overwrite?: boolean;
  readonly all?: boolean;
  readonly list?: boolean;
  readonly output?: string;
  readonly dryRun?: 'none' | 'server' | 'client';
}

/** What arguments like `a=1 b-` say. */
export interface MapChange {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/** `label` and `annotate`: one verb over two maps of metadata. */
export function changeMapCommand(
  context: Context,
  field: 'labels' | 'annotations',
  verb: 'label' | 'annotate',
): Command {
  return addDryRun(addOutput(addSelectors(new Command())))
    .usage('(TYPE NAME | TYPE/NAME) KEY=VALUE... KEY-... [flags]')
    .argument('<args...>')
    .option('--overwrite', 'change values that are set already')
    .option('--all', 'every object of that type in the namespace')
    .option('--list', `print the ${field} instead of changing them`)
    .action((args: string[], options: ChangeMapOptions) =>
      withSession(context, options, async (session) => {
        const { names, change } = splitArguments(args, field);
        if (!options.list && isEmpty(change)) {
          throw new CommandError(`at least one ${field.slice(0, -1)} update is required`);
        }
        if (names.length === 1 && !names[0]?.includes('/') && !options.all && !options.selector) {
          throw new CommandError(
            'one or more resources must be specified as <resource> <name> or <resource>/<name>',
          );
        }
        for (const found of await selectObjects(context, session, names, options, verb)) {
          await reporting(context, async () => {
            if (options.list) {
              const map = found.object.metadata?.[field] ?? {};
              context.out.write(
                Object.entries(map)
                  .map(([k, v]) => `${k}=${v}\n`)
                  .join(''),
              );
              return;
            }
            checkOverwrite(found.object.metadata, field, change, options.overwrite === true);
            const after = await patchMap(session, found.kind, found.object, field, change, options);
            const before = found.object.metadata?.[field] ?? {};
            for (const key of change.remove.filter((key) => !(key in before))) {
              context.out.write(`${field.slice(0, -1)} "${key}" not found.\n`);
            }
            const what =
              verb === 'label' ? labelOutcome(before, after.metadata?.labels) : 'annotated';
            await printChanged(context, options, found.kind, typed(found.kind, after), what);
          });
        }
      }),
    );
}

/** kubectl's word for what became of the labels; it takes fewer characters for a removal. */
export function labelOutcome(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>> = {},
): string {
  if (equalJson(before, after)) return 'not labeled';
  return JSON.stringify(after).length < JSON.stringify(before).length ? 'unlabeled' : 'labeled';
}

const isEmpty = (change: MapChange): boolean =>
  Object.keys(change.set).length === 0 && change.remove.length === 0;

/** Objects come first, changes after them; a change has a `=`, or ends in `-`. */
export function splitArguments(
  args: readonly string[],
  field: string,
): { names: string[]; change: MapChange } {
  const isChange = (arg: string): boolean => arg.includes('=') || arg.endsWith('-');
  const first = args.findIndex(isChange);
  const names = args.slice(0, first === -1 ? args.length : first);
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const arg of args.slice(names.length)) {
    const equals = arg.indexOf('=');
    if (equals > 0) set[arg.slice(0, equals)] = arg.slice(equals + 1);
    else if (equals === -1 && arg.endsWith('-')) remove.push(arg.slice(0, -1));
    else throw new CommandError(`unknown ${field.slice(0, -1)} spec: ${arg}`);
  }
  const both = remove.find((key) => key in set);
  if (both !== undefined) {
    throw new CommandError(
      `can not both modify and remove a ${field.slice(0, -1)} in the same command`,
    );
  }
  return { names, change: { set, remove } };
}

function checkOverwrite(
  metadata: ObjectMeta | undefined,
  field: 'labels' | 'annotations',
  { set }: MapChange,
  overwrite: boolean,
): void {
  if (overwrite) return;
  for (const [key, value] of Object.entries(set)) {
    const now = metadata?.[field]?.[key];
    if (now === undefined || now === value) continue;
    throw new CommandError(`'${key}' already has a value (${now}), and --overwrite is false`);
  }
}

function patchMap(
  session: Session,
  kind: Parameters<Session['api']['patch']>[0],
  { metadata }: KubeObject,
  field: 'labels' | 'annotations',
  { set, remove }: MapChange,
  options: ChangeMapOptions,
): Promise<KubeObject> {
  const removed = Object.fromEntries(remove.map((key) => [key, null]));
  const patch = { metadata: { [field]: { ...set, ...removed } } };
  return session.api.patch(kind, metadata?.name ?? '', 'merge', patch, {
    ...(metadata?.namespace && { namespace: metadata.namespace }),
    dryRun: options.dryRun === 'server' || options.dryRun === 'client',
  });
}
