import { Command } from 'commander';
import type { Node, Taint } from '#shared/api';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { selectNodes } from '../objects/node-change.ts';
import { refs } from '../objects/refs.ts';
import { reporting } from '../objects/select.ts';
import { withSession } from '../objects/session.ts';
import { addNamespace, type SelectorOptions } from '../options.ts';

interface TaintOptions extends SelectorOptions {
  readonly overwrite?: boolean;
}

interface TaintChange {
  readonly key: string;
  readonly value?: string;
  /** Absent only where a taint is removed with every effect. */
  readonly effect?: string;
  readonly remove: boolean;
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function command(context: Context): Command {
  return addNamespace(new Command())
    .usage('nodes NODE... KEY=VALUE:EFFECT... KEY[:EFFECT]-... [flags]')
    .argument('<args...>')
    .option('-l, --selector <selector>', 'nodes with these labels')
    .option('--overwrite', 'change values that are set already')
    .action((args: string[], options: TaintOptions) => taint(context, args, options));
}

async function taint(
  context: Context,
  args: readonly string[],
  options: TaintOptions,
): Promise<void> {
  const [type = '', ...rest] = args;
  if (!/^(nodes?|no)(\/.+)?$/.test(type))
    throw new CommandError('only nodes can be tainted: quorate taint nodes NODE KEY=VALUE:EFFECT');
  const isSpec = (arg: string): boolean =>
    arg.includes(':') || arg.includes('=') || arg.endsWith('-');
  const names = [...(type.includes('/') ? [type] : []), ...rest.filter((arg) => !isSpec(arg))];
  const changes = rest.filter(isSpec).map(parseTaint);
  if (changes.length === 0) throw new CommandError('at least one taint update is required');
  await withSession(context, options, async (session) => {
    for (const { object } of await selectNodes(context, session, names, options, 'taint')) {
      await reporting(context, async () => {
        const { name = '', resourceVersion } = object.metadata ?? {};
        const now = (object as Node).spec?.taints ?? [];
        const taints = applyTaints(name, now, changes, options.overwrite === true);
        // The list is replaced as a whole, so it must be the one we read.
        const patch = { metadata: { resourceVersion }, spec: { taints } };
        await session.api.patch(refs.nodes, name, 'merge', patch);
        const removed = changes.every((change) => change.remove);
        context.out.write(`node/${name} ${removed ? 'untainted' : 'tainted'}\n`);
      });
    }
  });
}

/** `key=value:Effect`, `key:Effect`, `key:Effect-`, `key-`. */
export function parseTaint(spec: string): TaintChange {
  const match = /^([^=:]+?)(?:=([^:]*))?(?::([A-Za-z]+))?(-?)$/.exec(spec);
  const [, key = '', value, effect, minus] = match ?? [];
  const remove = minus === '-';
  if (key === '' || (!remove && effect === undefined)) {
    throw new CommandError(
      `invalid taint spec: ${spec}: must be KEY=VALUE:EFFECT, KEY:EFFECT- or KEY-`,
    );
  }
  if (effect !== undefined && !effects.includes(effect)) {
    throw new CommandError(`invalid taint effect: ${effect}, must be one of ${effects.join(', ')}`);
  }
  return {
    key,
    remove,
    ...(value !== undefined && { value }),
    ...(effect !== undefined && { effect }),
  };
}

export function applyTaints(
  node: string,
  taints: readonly Taint[],
  changes: readonly TaintChange[],
  overwrite: boolean,
): Taint[] {
  let result = [...taints];
  for (const { key, value, effect, remove } of changes) {
    const same = (taint: Taint): boolean =>
      taint.key === key && (effect === undefined || taint.effect === effect);
    const present = result.find(same);
    if (remove && !present) throw new CommandError(`taint "${key}" not found on node ${node}`);
    if (!remove && present && !overwrite) {
      throw new CommandError(
        `node ${node} already has ${key} taint(s) with same effect(s) and --overwrite is false`,
      );
    }
    result = result.filter((taint) => !same(taint));
    if (!remove) result.push({ key, effect: effect ?? '', ...(value && { value }) });
  }
  return result;
}
