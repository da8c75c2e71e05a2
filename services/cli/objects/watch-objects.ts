import type { KindInfo } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ListOptions, ObjectTable, TableClient } from '#shared/client';
import type { Context } from '../context.ts';

/** What to watch, and where to begin. */
export interface WatchSelection extends ListOptions {
  readonly kind: KindInfo;
  readonly name?: string | undefined;
  readonly skipExisting: boolean;
}

const retryMs = 500;

/**
 * Hands over what there is, then every change, until the process ends. A lost connection resumes
 * after the last change seen; where the server no longer knows that one, everything comes again.
 */
export async function watchObjects(
  context: Context,
  selection: WatchSelection,
  client: TableClient,
  print: (table: ObjectTable) => void,
): Promise<void> {
  const { kind, name, skipExisting } = selection;
  const options = {
    ...(selection.namespace !== undefined && { namespace: selection.namespace }),
    ...(selection.labelSelector !== undefined && { labelSelector: selection.labelSelector }),
    ...(selection.fieldSelector !== undefined && { fieldSelector: selection.fieldSelector }),
  };
  let resourceVersion = '';
  let first = true;
  for (;;) {
    try {
      if (resourceVersion === '') {
        const table =
          name === undefined
            ? await client.listTable(kind, options)
            : await client.getTable(kind, name, selection.namespace);
        if (!(first && skipExisting)) print(table);
        resourceVersion = table.resourceVersion || latestOf(table);
        first = false;
      }
      const watch = { ...options, resourceVersion, ...(name !== undefined && { name }) };
      for await (const { type, table } of client.watchTable(kind, watch)) {
        resourceVersion = latestOf(table) || resourceVersion;
        if (type !== 'BOOKMARK') print(table);
      }
    } catch (thrown) {
      if (QuorateError.is(thrown, 'expired')) resourceVersion = '';
      else if (first || !QuorateError.is(thrown, 'unavailable', 'deadline-exceeded')) throw thrown;
    }
    await context.clock.sleep(retryMs);
  }
}

const latestOf = (table: ObjectTable): string =>
  table.rows.at(-1)?.object.metadata?.resourceVersion ?? '';
