import { Command } from 'commander';
import type { Event } from '#shared/api';
import { QuorateError } from '#shared/base';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { resolveKind } from '../objects/kinds.ts';
import { refs } from '../objects/refs.ts';
import { type Session, withSession } from '../objects/session.ts';
import { addNamespace, addOutput, type NamespaceOptions } from '../options.ts';
import { eventAge, eventTime } from '../print/event-age.ts';
import { formatObjects, parseOutput } from '../print/format.ts';
import { createTablePrinter } from '../print/table.ts';

interface EventsOptions extends NamespaceOptions {
  readonly allNamespaces?: boolean;
  readonly for?: string;
  readonly types?: string;
  readonly watch?: boolean;
  readonly headers: boolean;
  readonly output?: string;
}

export function command(context: Context): Command {
  return addOutput(addNamespace(new Command()))
    .option('-A, --all-namespaces', 'events of every namespace')
    .option('--for <type/name>', 'events about one object')
    .option('--types <types>', 'Normal, Warning')
    .option('-w, --watch', 'go on printing events as they come')
    .option('--no-headers', 'leave out the heads of columns')
    .action((options: EventsOptions) =>
      withSession(context, options, (session) => events(context, session, options)),
    );
}

async function events(context: Context, session: Session, options: EventsOptions): Promise<void> {
  const wanted = await eventFilter(session, options);
  const scope = options.allNamespaces ? {} : { namespace: session.namespace };
  const { items, resourceVersion } = await session.api.list<Event>(refs.events, scope);
  const found = items.filter(wanted).toSorted((a, b) => eventTime(a) - eventTime(b));
  const format = parseOutput(options.output);
  if (format.type !== 'table') {
    if (format.type === 'name') throw new CommandError('-o name is not available for events');
    context.out.write(await formatObjects(format, found, { single: false }));
    return;
  }
  const heads = ['last seen', 'type', 'reason', 'object', 'message'];
  if (options.allNamespaces) heads.unshift('namespace');
  const printer = createTablePrinter(heads, { noHeaders: !options.headers });
  const row = (event: Event): string[] => {
    const { kind = '', name = '' } = event.involvedObject;
    const cells = [
      eventAge(event, context.clock.now()),
      event.type ?? '',
      event.reason ?? '',
      `${kind.toLowerCase()}/${name}`,
      (event.message ?? '').trim().replaceAll('\n', ' '),
    ];
    return options.allNamespaces ? [event.metadata?.namespace ?? '', ...cells] : cells;
  };
  if (found.length > 0) context.out.write(printer.rows(found.map(row)));
  else if (!options.watch) {
    const where = options.allNamespaces ? '' : ` in ${session.namespace} namespace`;
    context.err.write(`No events found${where}.\n`);
  }
  let from = resourceVersion;
  while (options.watch) {
    try {
      for await (const { type, object } of session.api.watch<Event>(refs.events, {
        ...scope,
        resourceVersion: from,
      })) {
        from = object.metadata?.resourceVersion ?? from;
        if ((type === 'ADDED' || type === 'MODIFIED') && wanted(object)) {
          context.out.write(printer.rows([row(object)]));
        }
      }
    } catch (thrown) {
      if (QuorateError.is(thrown, 'expired')) from = '';
      else if (!QuorateError.is(thrown, 'unavailable', 'deadline-exceeded')) throw thrown;
    }
    await context.clock.sleep(500);
  }
}

async function eventFilter(
  session: Session,
  options: EventsOptions,
): Promise<(event: Event) => boolean> {
  const types = options.types?.split(',').map((type) => type.trim().toLowerCase());
  const known = ['normal', 'warning'];
  const unknown = types?.find((type) => !known.includes(type));
  if (unknown !== undefined) throw new CommandError('valid --types are Normal or Warning');
  const [type, name] = options.for?.split('/') ?? [];
  if (options.for !== undefined && !name)
    throw new CommandError('--for must be in resource/name form');
  const kind = type === undefined ? undefined : resolveKind(await session.kinds(), type);
  return (event) =>
    (types === undefined || types.includes((event.type ?? '').toLowerCase())) &&
    (kind === undefined ||
      (event.involvedObject.kind === kind.kind && event.involvedObject.name === name));
}
