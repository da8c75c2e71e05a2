import { QuorateError } from '#shared/base';
import { statusFor } from '#shared/api';
import type { WatchEvent, WatchOptions } from '#shared/client';
import type { Core } from '../core.ts';
import type { Call } from '../requests/call.ts';
import { toJson } from '../json.ts';
import { toSharedForm, toSharedJson } from '../shared-bytes.ts';
import { parseResourceVersion } from '../registry/resource-version.ts';
import { parseSelection } from '../registry/selection.ts';
import type { Exchange } from './exchange.ts';
import { send } from './send.ts';
import { type FormContext, formObject } from './forms.ts';
import { contentType } from './negotiate.ts';
import { booleanParam, integerParam } from './params.ts';
import { listOptions } from './query.ts';

/** Kubernetes ends a watch that names no time after 30 to 60 minutes. */
const defaultTimeoutSeconds = 45 * 60;

/** Streams the events of a collection as lines of JSON until the client leaves or time is up. */
export async function serveWatch(
  core: Core,
  call: Call,
  context: FormContext,
  exchange: Exchange,
  stopping: AbortSignal,
): Promise<void> {
  const options = watchOptions(exchange, call.place.namespace);
  // What is wrong with the request is a status, as long as the stream has not begun.
  parseSelection(context.resource, options);
  if (options.resourceVersion) parseResourceVersion(options.resourceVersion);
  const timeout = new AbortController();
  const seconds = integerParam(exchange.query, 'timeoutSeconds') || defaultTimeoutSeconds;
  const timer = core.clock.after(seconds * 1000, () => timeout.abort());
  const signal = AbortSignal.any([exchange.signal, timeout.signal, stopping]);
  const name = call.place.name || undefined;
  const events = call.watch({ ...options, name, signal });
  exchange.start(contentType(context.form), 200);
  exchange.flush();
  try {
    const line = lineWriter(context, core);
    for await (const event of events) await send(exchange, line(event), signal);
  } catch (thrown) {
    const error = QuorateError.from(thrown);
    // A server that stops ends its watches quietly: the client goes on elsewhere.
    if (error.code !== 'unavailable' && !signal.aborted) {
      const line = { type: 'ERROR', object: statusFor(error) };
      await send(exchange, Buffer.from(`${JSON.stringify(line)}\n`), signal);
    }
  } finally {
    timer.cancel();
    exchange.response.end();
  }
}

function watchOptions({ query }: Exchange, namespace: string): WatchOptions {
  const { labelSelector, fieldSelector, resourceVersion } = listOptions(query, namespace);
  return {
    namespace,
    labelSelector,
    fieldSelector,
    resourceVersion,
    allowBookmarks: booleanParam(query, 'allowWatchBookmarks') ?? false,
    sendInitialEvents: booleanParam(query, 'sendInitialEvents'),
  };
}

const newline = Buffer.from('}\n');
const heads = Object.fromEntries(
  ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'].map((type) => [
    type,
    Buffer.from(`{"type":"${type}","object":`),
  ]),
) as Record<WatchEvent['type'], Buffer>;

/** The line of an event: written out once for all watchers that want it in the same form. */
function lineWriter(context: FormContext, core: Core): (event: WatchEvent) => Buffer {
  const { form, includeObject } = context;
  if (!form) {
    return ({ type, object }) =>
      toSharedForm(object, type, () => Buffer.concat([heads[type], toSharedJson(object), newline]));
  }
  const name = `${form.as} ${includeObject}`;
  let first = true;
  return ({ type, object }) => {
    // The columns do not change, so they are said once.
    const columns = first;
    first = false;
    const nowMs = core.clock.now();
    // Ages are in seconds at the finest.
    const at = form.as === 'Table' ? Math.floor(nowMs / 1000) : '';
    return toSharedForm(object, `${type} ${name} ${columns ? 'with columns' : ''} ${at}`, () => {
      const formed = formObject({ ...context, nowMs }, object);
      const shown = columns || !('columnDefinitions' in formed) ? formed : withoutColumns(formed);
      return Buffer.concat([heads[type], toJson(shown), newline]);
    });
  };
}

const withoutColumns = (table: object): object => ({ ...table, columnDefinitions: null });
