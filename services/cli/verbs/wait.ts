import { Command } from 'commander';
import type { KindInfo, KubeObject } from '#shared/api';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { parseDuration } from '../objects/duration.ts';
import { reference } from '../objects/kinds.ts';
import { type Found, listAll } from '../objects/select.ts';
import { type Session, withSession } from '../objects/session.ts';
import { parseTargets } from '../objects/targets.ts';
import { type Wish, watchUntil } from '../objects/watch-until.ts';
import { addSelectors, type SelectorOptions } from '../options.ts';
import { compilePath, formatValue } from '../print/jsonpath.ts';

interface WaitOptions extends SelectorOptions {
  readonly for?: string;
  readonly timeout: string;
  readonly all?: boolean;
}

export function command(context: Context): Command {
  return addSelectors(new Command())
    .usage('(TYPE NAME | TYPE/NAME | TYPE --all) --for=CONDITION [flags]')
    .argument('<args...>')
    .option('--for <condition>', 'delete, create, condition=NAME[=VALUE], or jsonpath=PATH[=VALUE]')
    .option('--timeout <duration>', 'such as 30s or 5m; 0 looks once', '30s')
    .option('--all', 'every object of that type in the namespace')
    .action((args: string[], options: WaitOptions) =>
      withSession(context, options, (session) => wait(context, session, args, options)),
    );
}

async function wait(
  context: Context,
  session: Session,
  args: readonly string[],
  options: WaitOptions,
): Promise<void> {
  const wish = parseWish(options.for ?? '');
  const timeoutMs = parseDuration('--timeout', options.timeout);
  const controller = new AbortController();
  const timer = context.clock.after(Math.max(timeoutMs, 1), () => controller.abort());
  const met = options.for === 'delete' ? 'deleted' : 'condition met';
  for (const { kind, name } of await targetsOf(session, args, options)) {
    const fulfilled = await watchUntil(context, session, kind, name, wish, controller.signal);
    const ref = reference(kind, name);
    if (fulfilled) context.out.write(`${ref} ${met}\n`);
    else {
      context.err.write(`error: timed out waiting for the condition on ${kind.resource}/${name}\n`);
      context.setExitCode(1);
    }
  }
  timer.cancel();
}

async function targetsOf(
  session: Session,
  args: readonly string[],
  options: WaitOptions,
): Promise<{ kind: KindInfo; name: string }[]> {
  const found: { kind: KindInfo; name: string }[] = [];
  for (const { kind, name } of parseTargets(await session.kinds(), args, 'wait')) {
    if (name !== undefined) {
      // Waiting for what is not there yet is an error, except where its absence is the wish.
      if (options.for !== 'delete' && options.for !== 'create') {
        await session.api.get(kind, name, kind.namespaced ? session.namespace : undefined);
      }
      found.push({ kind, name });
      continue;
    }
    if (!options.all && options.selector === undefined && options.fieldSelector === undefined) {
      throw new CommandError('name the objects to wait for, or say --all or -l');
    }
    const objects: Found['object'][] = await listAll(session, kind, options);
    found.push(...objects.map((object) => ({ kind, name: object.metadata?.name ?? '' })));
  }
  if (found.length === 0 && options.for !== 'delete')
    throw new CommandError('no matching resources found');
  return found;
}

interface Conditioned extends KubeObject {
  status?: { conditions?: { type: string; status: string }[] };
}

/** What `--for` says. */
export function parseWish(text: string): Wish {
  if (text === 'delete') return (object) => object === undefined;
  if (text === 'create') return (object) => object !== undefined;
  const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(text);
  if (condition) {
    const [, type = '', value = 'True'] = condition;
    return (object: Conditioned | undefined) =>
      object?.status?.conditions?.some(
        (one) =>
          one.type.toLowerCase() === type.toLowerCase() &&
          one.status.toLowerCase() === value.toLowerCase(),
      ) ?? false;
  }
  const jsonpath = /^jsonpath=['"]?(\{.*\}|[^=]+?)['"]?(?:=(.*))?$/s.exec(text);
  if (jsonpath) {
    const read = compilePath(jsonpath[1] ?? '');
    const value = jsonpath[2]?.replace(/^(['"])(.*)\1$/s, '$2');
    return (object) => {
      if (object === undefined) return false;
      const [found] = read(object);
      return value === undefined
        ? found !== undefined
        : found !== undefined && formatValue(found) === value;
    };
  }
  throw new CommandError(`unrecognized condition: "${text}"`, {
    hint: 'Use --for=condition=Ready, --for=delete, --for=create or --for=jsonpath={.path}=value.',
  });
}
