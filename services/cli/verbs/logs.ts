import { Command } from 'commander';
import type { Pod } from '#shared/api';
import { QuorateError } from '#shared/base';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { integerFlag } from '../flags.ts';
import { parseDuration } from '../objects/duration.ts';
import { podOf } from '../objects/pod-of.ts';
import { refs } from '../objects/refs.ts';
import { type Session, withSession } from '../objects/session.ts';
import { addNamespace, type NamespaceOptions } from '../options.ts';

interface LogsOptions extends NamespaceOptions {
  readonly follow?: boolean;
  readonly tail?: string;
  readonly previous?: boolean;
  readonly container?: string;
  readonly limitBytes?: string;
  readonly since?: string;
  readonly sinceTime?: string;
  readonly timestamps?: boolean;
  readonly selector?: string;
  readonly prefix?: boolean;
  readonly allContainers?: boolean;
}

export function command(context: Context): Command {
  return addNamespace(new Command())
    .usage('(POD | TYPE/NAME) [CONTAINER] [flags]')
    .argument('[name]', 'such as hello-5d4f-x7k2, or deployment/hello')
    .argument('[container]')
    .option('-f, --follow', 'go on printing as lines come')
    .option('--tail <lines>', 'only so many of the last lines (default: all)')
    .option('-p, --previous', "the container's run before its last restart")
    .option('-c, --container <name>', 'which container of the pod')
    .option('--limit-bytes <bytes>', 'at most so many bytes')
    .option('--since <duration>', 'only what is newer, such as 5s, 2m or 3h')
    .option('--since-time <time>', 'only what was written then or later (RFC 3339)')
    .option('--timestamps', 'each line begins with the time it was written')
    .option('-l, --selector <selector>', 'logs of all pods with these labels')
    .option('--all-containers', 'of each container of the pod')
    .option('--prefix', 'each line begins with [pod/NAME/CONTAINER]')
    .action((name: string | undefined, container: string | undefined, options: LogsOptions) =>
      withSession(context, options, (session) =>
        logs(context, session, name, { ...options, ...(container && { container }) }),
      ),
    );
}

async function logs(
  context: Context,
  session: Session,
  name: string | undefined,
  options: LogsOptions,
): Promise<void> {
  const since = sinceOf(context, options);
  const pods = await podsFor(context, session, name, options);
  const streams = pods.flatMap((pod) =>
    containersOf(context, pod, options).map((container) => ({ pod, container })),
  );
  const print = (stream: (typeof streams)[number]): Promise<void> =>
    printStream(context, session, stream, { ...options, sinceTimeMs: since });
  if (options.follow) await Promise.all(streams.map(print));
  else for (const stream of streams) await print(stream);
}

/** From when on, in milliseconds since the epoch. */
function sinceOf({ clock }: Context, { since, sinceTime }: LogsOptions): number | undefined {
  if (since !== undefined && sinceTime !== undefined) {
    throw new CommandError('at most one of --since-time and --since may be used');
  }
  if (since !== undefined) return clock.now() - parseDuration('--since', since);
  if (sinceTime === undefined) return undefined;
  const ms = Date.parse(sinceTime);
  if (Number.isNaN(ms)) {
    throw new CommandError(`--since-time: ${JSON.stringify(sinceTime)} is no time as in RFC 3339`);
  }
  return ms;
}

/** A pod by its name, one pod of a deployment or replica set, or all that a selector chooses. */
async function podsFor(
  context: Context,
  session: Session,
  name: string | undefined,
  options: LogsOptions,
): Promise<Pod[]> {
  const { api, namespace } = session;
  if (options.selector !== undefined) {
    if (name !== undefined) throw new CommandError('only a selector (-l) or a POD name is allowed');
    const { items } = await api.list<Pod>(refs.pods, {
      namespace,
      labelSelector: options.selector,
    });
    if (items.length === 0) context.err.write(`No resources found in ${namespace} namespace.\n`);
    return [...items];
  }
  if (name === undefined)
    throw new CommandError('POD or TYPE/NAME is a required argument for the logs command');
  return [await podOf(context, session, name)];
}

function containersOf(context: Context, pod: Pod, options: LogsOptions): string[] {
  const names = (pod.spec?.containers ?? []).map((container) => container.name);
  const initNames = (pod.spec?.initContainers ?? []).map((container) => container.name);
  if (options.container !== undefined) return [options.container];
  if (options.allContainers) return [...initNames, ...names];
  const [first = ''] = names;
  if (names.length + initNames.length > 1) {
    const all = [...names, ...initNames.map((name) => `${name} (init)`)];
    context.err.write(`Defaulted container "${first}" out of: ${all.join(', ')}\n`);
  }
  return [first];
}

const pollMs = 500;

async function printStream(
  context: Context,
  session: Session,
  { pod, container }: { readonly pod: Pod; readonly container: string },
  options: LogsOptions & { readonly sinceTimeMs: number | undefined },
): Promise<void> {
  const { name = '', namespace = '' } = pod.metadata ?? {};
  const tail = options.tail === undefined ? -1 : integerFlag('--tail', options.tail, -1, 2 ** 31);
  const limit =
    options.limitBytes === undefined
      ? undefined
      : integerFlag('--limit-bytes', options.limitBytes, 1, 2 ** 31);
  const write = options.prefix
    ? linePrefixer(`[pod/${name}/${container}] `, (text) => context.out.write(text))
    : (bytes: Uint8Array) => context.out.writeBytes(bytes);
  let printed = false;
  for (;;) {
    try {
      const chunks = session.api.logs(namespace, name, {
        container,
        follow: options.follow === true,
        previous: options.previous === true,
        timestamps: options.timestamps === true,
        sinceTimeMs: options.sinceTimeMs,
        ...(tail >= 0 && { tailLines: tail }),
        ...(limit !== undefined && { limitBytes: limit }),
      });
      for await (const chunk of chunks) {
        printed = true;
        write(chunk);
      }
      return;
    } catch (thrown) {
      // The container has not started yet: with -f that is worth waiting for.
      const early =
        QuorateError.is(thrown, 'bad-request') &&
        /waiting to start|ContainerCreating/.test(thrown.message);
      if (!early || !options.follow || printed) throw thrown;
    }
    await context.clock.sleep(pollMs);
  }
}

/** Puts `prefix` before every line, whole lines at a time. */
function linePrefixer(prefix: string, write: (text: string) => void): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder();
  let rest = '';
  return (bytes) => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    write(lines.map((line) => `${prefix}${line}\n`).join(''));
  };
}
