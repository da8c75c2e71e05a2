import { Command } from 'commander';
import type { KindInfo, KubeObject } from '#shared/api';
import type { ObjectTable } from '#shared/client';
import { QuorateError } from '#shared/base';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { readManifests, mapManifest, placeManifest } from '../objects/manifests.ts';
import { reference } from '../objects/kinds.ts';
import {
  checkTargets,
  type Found,
  getOne,
  listAll,
  listOptionsFor,
  reporting,
} from '../objects/select.ts';
import { type Session, withSession } from '../objects/session.ts';
import { parseTargets, type Target } from '../objects/targets.ts';
import { watchObjects } from '../objects/watch-objects.ts';
import {
  addFiles,
  addOutput,
  addSelectors,
  type FileOptions,
  type SelectorOptions,
} from '../options.ts';
import {
  formatObjects,
  formatYaml,
  withoutManagers,
  formatJson,
  type OutputFormat,
  parseOutput,
} from '../print/format.ts';
import { compilePath, formatValue } from '../print/jsonpath.ts';
import { createResourcePrinter, type ResourcePrinterOptions } from '../print/resource-table.ts';

interface GetOptions extends SelectorOptions, FileOptions {
  readonly output?: string;
  readonly watch?: boolean;
  readonly watchOnly?: boolean;
  readonly headers: boolean;
  readonly showLabels?: boolean;
  readonly sortBy?: string;
  readonly ignoreNotFound?: boolean;
}

export function command(context: Context): Command {
  return addOutput(addFiles(addSelectors(new Command())))
    .usage('TYPE[,TYPE...] [NAME...] | TYPE/NAME ... [flags]')
    .argument('[args...]', 'such as: pods, pods hello-1, deployment/hello, all')
    .option('-w, --watch', 'go on printing objects as they change')
    .option('--watch-only', 'print changes only, not what there is')
    .option('--no-headers', 'leave out the heads of columns')
    .option('--show-labels', 'labels as the last column')
    .option('--sort-by <jsonpath>', 'such as {.metadata.creationTimestamp}')
    .option('--ignore-not-found', 'exit with 0 where nothing of that name is there')
    .action((args: string[], options: GetOptions) =>
      withSession(context, options, (session) => get(context, session, args, options)),
    );
}

async function get(
  context: Context,
  session: Session,
  args: readonly string[],
  options: GetOptions,
): Promise<void> {
  const format = parseOutput(options.output);
  const targets =
    (options.filename ?? []).length > 0
      ? await targetsOfFiles(context, session, options)
      : parseTargets(await session.kinds(), args, 'get');
  checkTargets(targets, options);
  if (options.watch || options.watchOnly) await watch(context, session, targets, format, options);
  else if (format.type === 'table') await printTables(context, session, targets, format, options);
  else await printObjects(context, session, targets, format, options);
}

async function targetsOfFiles(
  context: Context,
  session: Session,
  options: GetOptions,
): Promise<Target[]> {
  const kinds = await session.kinds();
  return (await readManifests(context, options)).map((manifest) => {
    if ('error' in manifest) throw manifest.error;
    const kind = mapManifest(kinds, manifest);
    placeManifest(manifest.object, kind, session.namespace, options.namespace !== undefined);
    return { kind, name: manifest.object.metadata?.name ?? '' };
  });
}

/** Targets of one kind, together: they are one table. */
function byKind(targets: readonly Target[]): { kind: KindInfo; names: string[] | undefined }[] {
  return [...Map.groupBy(targets, ({ kind }) => kind)].map(([kind, group]) => {
    const names = group.map(({ name }) => name).filter((name) => name !== undefined);
    return { kind, names: names.length === 0 ? undefined : names };
  });
}

async function printTables(
  context: Context,
  session: Session,
  targets: readonly Target[],
  format: OutputFormat & { type: 'table' },
  options: GetOptions,
): Promise<void> {
  const groups = byKind(targets);
  let printed = 0;
  let failed = false;
  for (const { kind, names } of groups) {
    const tables: ObjectTable[] = [];
    if (names === undefined) {
      const listed = await forgiving(context, options, async () => {
        tables.push(...(await listTables(session, kind, options)));
      });
      failed ||= !listed;
    } else {
      for (const name of names) {
        await forgiving(context, options, async () => {
          const namespace = kind.namespaced ? session.namespace : undefined;
          tables.push(await session.api.getTable(kind, name, namespace));
        });
      }
    }
    const sorted = options.sortBy ? await sortTables(session, kind, tables, options) : tables;
    if (!sorted.some((table) => table.rows.length > 0)) continue;
    const printer = createResourcePrinter(printerOptions(kind, groups.length > 1, format, options));
    if (printed > 0) context.out.write('\n');
    context.out.write(printer.table(sorted));
    printed++;
  }
  if (failed || options.ignoreNotFound) return;
  if (printed === 0 && targets.every(({ name }) => name === undefined)) {
    const everywhere =
      options.allNamespaces === true || groups.every(({ kind }) => !kind.namespaced);
    const where = everywhere ? '' : ` in ${session.namespace} namespace`;
    context.err.write(`No resources found${where}${everywhere ? '' : '.'}\n`);
  }
}

const printerOptions = (
  kind: KindInfo,
  manyKinds: boolean,
  format: OutputFormat & { type: 'table' },
  options: GetOptions,
): ResourcePrinterOptions => ({
  wide: format.wide,
  noHeaders: !options.headers,
  showNamespace: options.allNamespaces === true && kind.namespaced,
  showLabels: options.showLabels === true,
  ...(manyKinds && { prefix: reference(kind, '') }),
});

/** `reporting`, except that what --ignore-not-found is about is no error. */
async function forgiving(
  context: Context,
  options: GetOptions,
  fn: () => Promise<void>,
): Promise<boolean> {
  return reporting(context, async () => {
    try {
      await fn();
    } catch (thrown) {
      if (!(options.ignoreNotFound && QuorateError.is(thrown, 'not-found'))) throw thrown;
    }
  });
}

async function listTables(
  session: Session,
  kind: KindInfo,
  options: SelectorOptions,
): Promise<ObjectTable[]> {
  const tables: ObjectTable[] = [];
  const listOptions = listOptionsFor(kind, session, options);
  let next: string | undefined;
  do {
    const page = await session.api.listTable(kind, {
      ...listOptions,
      ...(next && { continue: next }),
    });
    tables.push(page);
    next = page.continue;
  } while (next);
  return tables;
}

/** Rows carry metadata only; sorting by any other field needs the objects. */
async function sortTables(
  session: Session,
  kind: KindInfo,
  tables: readonly ObjectTable[],
  options: GetOptions,
): Promise<ObjectTable[]> {
  const order = new Map(
    sortObjects(await listAll(session, kind, options), options.sortBy ?? '').map((object, i) => [
      object.metadata?.uid,
      i,
    ]),
  );
  const [first] = tables;
  if (!first) return [];
  const position = (row: ObjectTable['rows'][number]): number =>
    order.get(row.object.metadata?.uid) ?? Number.MAX_SAFE_INTEGER;
  const rows = tables.flatMap((table) => table.rows).toSorted((a, b) => position(a) - position(b));
  return [{ ...first, rows }];
}

function sortObjects<T extends KubeObject>(objects: readonly T[], path: string): T[] {
  const read = compilePath(path);
  const keyed = objects.map((object) => ({ object, key: read(object)[0] }));
  if (objects.length > 0 && keyed.every(({ key }) => key === undefined)) {
    throw new CommandError(`couldn't find any field with path "${path}" in the list of objects`);
  }
  return keyed.toSorted((a, b) => compareKeys(a.key, b.key)).map(({ object }) => object);
}

function compareKeys(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [formatValue(a ?? ''), formatValue(b ?? '')];
  if (x === y) return 0;
  return x < y ? -1 : 1;
}

async function printObjects(
  context: Context,
  session: Session,
  targets: readonly Target[],
  format: Exclude<OutputFormat, { type: 'table' }>,
  options: GetOptions,
): Promise<void> {
  const found: Found[] = [];
  for (const { kind, name } of targets) {
    await forgiving(context, options, async () => {
      const objects =
        name === undefined
          ? await listAll(session, kind, options)
          : [await getOne(session, kind, name)];
      found.push(...objects.map((object) => ({ kind, object })));
    });
  }
  if (format.type === 'name') {
    for (const { kind, object } of found) {
      context.out.write(`${reference(kind, object.metadata?.name ?? '')}\n`);
    }
    return;
  }
  const named = targets.every(({ name }) => name !== undefined);
  if (found.length === 0 && named) return;
  const objects = found.map(({ object }) => object);
  const text = await formatObjects(
    format,
    options.sortBy ? sortObjects(objects, options.sortBy) : objects,
    { single: targets.length === 1 && named, noHeaders: !options.headers },
  );
  context.out.write(text);
}

async function watch(
  context: Context,
  session: Session,
  targets: readonly Target[],
  format: OutputFormat,
  options: GetOptions,
): Promise<void> {
  const [target] = targets;
  if (targets.length !== 1 || !target) {
    throw new CommandError('you may only specify a single resource type');
  }
  const { kind, name } = target;
  if (name !== undefined)
    await session.api.get(kind, name, kind.namespaced ? session.namespace : '');
  const selection = {
    kind,
    name,
    skipExisting: options.watchOnly === true,
    ...listOptionsFor(kind, session, options),
  };
  if (format.type === 'table') {
    const printer = createResourcePrinter(printerOptions(kind, false, format, options));
    await watchObjects(context, selection, session.api, (table) => {
      context.out.write(printer.table([table]));
    });
    return;
  }
  // Whole objects: the table's rows say which one changed, the object itself is read from the watch.
  for await (const { type, object } of session.api.watch(kind, selection)) {
    if (type === 'BOOKMARK') continue;
    if (format.type === 'name') {
      context.out.write(`${reference(kind, object.metadata?.name ?? '')}\n`);
    } else if (format.type === 'json') context.out.write(formatJson(withoutManagers(object)));
    else if (format.type === 'yaml')
      context.out.write(`${await formatYaml(withoutManagers(object))}---\n`);
    else context.out.write(`${await formatObjects(format, [object], { single: true })}\n`);
  }
}
