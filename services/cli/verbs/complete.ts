import { Command } from 'commander';
import type { KindInfo } from '#shared/api';
import { dataDir, readCluster } from '../cluster/state.ts';
import type { Context } from '../context.ts';
import { resolveKinds } from '../objects/kinds.ts';
import { withSession } from '../objects/session.ts';
import { globalValueFlags } from '../options.ts';
import type { VerbEntry } from '../verb.ts';

/** Verbs whose arguments are masters and workers. */
const partVerbs = new Set(['start', 'stop', 'restart', 'kill', 'component-logs']);
/** Verbs whose arguments begin with a type. */
const objectVerbs = new Set([
  'get',
  'describe',
  'delete',
  'edit',
  'patch',
  'label',
  'annotate',
  'scale',
  'wait',
]);
const nodeVerbs = new Set(['cordon', 'uncordon', 'drain']);
const rolloutVerbs = ['status', 'history', 'undo', 'restart', 'pause', 'resume'];
const nameFlags = new Set(['-n', '--namespace']);
const fileFlags = new Set(['-f', '--filename', '--patch-file', '--data-dir']);

/** A shell that waits for this must not wait long, whatever state the cluster is in. */
const timeoutMs = 1_500;

export function command(context: Context, verbs: readonly VerbEntry[]): Command {
  return new Command()
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: string[]) => {
      const found = await complete(context, words, verbs);
      const word = words.at(-1) ?? '';
      for (const one of found) {
        if (one === ':files' || one.startsWith(word)) context.out.write(`${one}\n`);
      }
    });
}

async function complete(
  context: Context,
  words: readonly string[],
  verbs: readonly VerbEntry[],
): Promise<string[]> {
  const verbNames = verbs.filter((entry) => !entry.hidden).map((entry) => entry.name);
  const word = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const flag = before.at(-1) ?? '';
  if (fileFlags.has(flag)) return [':files'];
  if (nameFlags.has(flag)) return liveNames(context, before, 'namespaces');
  const plain = before.filter((_, i) => !isFlagOrValue(before, i));
  const [verb] = plain;
  if (verb === undefined) {
    return verbNames;
  }
  if (word.startsWith('-')) return flagsOf(context, verb, verbs);
  const rest = plain.slice(1);
  if (partVerbs.has(verb)) return partNames(context);
  if (nodeVerbs.has(verb)) return liveNames(context, before, 'nodes');
  if (verb === 'logs')
    return word.includes('/') ? pairs(context, before, word) : liveNames(context, before, 'pods');
  if (verb === 'completion') return ['bash', 'zsh', 'fish'];
  if (verb === 'help') return verbNames;
  if (verb === 'rollout') {
    if (rest.length === 0) return rolloutVerbs;
    return rest.length === 1 ? ['deployment'] : liveNames(context, before, 'deployments');
  }
  if (!objectVerbs.has(verb)) return [];
  if (word.includes('/')) return pairs(context, before, word);
  const [type] = rest;
  return type === undefined ? kindNames(context, before) : liveNames(context, before, type);
}

const isFlagOrValue = (words: readonly string[], i: number): boolean => {
  const word = words[i] ?? '';
  const previous = words[i - 1] ?? '';
  return word.startsWith('-') || globalValueFlags.includes(previous) || fileFlags.has(previous);
};

async function flagsOf(
  context: Context,
  verb: string,
  verbs: readonly VerbEntry[],
): Promise<string[]> {
  const entry = verbs.find(({ name }) => name === verb);
  if (!entry) return [];
  const loaded = await entry.load();
  return loaded
    .command(context, verbs)
    .options.map((option) => option.long)
    .filter((flag) => flag !== undefined && flag !== null);
}

function partNames(context: Context): string[] {
  const cluster = readCluster(dataDir(undefined, context.env, context.cwd));
  return cluster?.state.parts.map((part) => part.name) ?? [];
}

async function pairs(context: Context, words: readonly string[], word: string): Promise<string[]> {
  const [type = ''] = word.split('/');
  return (await liveNames(context, words, type)).map((name) => `${type}/${name}`);
}

const kindNames = (context: Context, words: readonly string[]): Promise<string[]> =>
  asking(context, words, (_session, kinds) => Promise.resolve(kinds.map((kind) => kind.resource)));

const liveNames = (context: Context, words: readonly string[], type: string): Promise<string[]> =>
  asking(context, words, async (session, kinds) => {
    const names: string[] = [];
    for (const kind of resolveKinds(kinds, type)) {
      const scope = kind.namespaced ? { namespace: session.namespace } : {};
      const { items } = await session.api.list(kind, scope);
      names.push(...items.map((object) => object.metadata?.name ?? ''));
    }
    return names;
  });

type Ask = (
  session: Parameters<Parameters<typeof withSession>[2]>[0],
  kinds: readonly KindInfo[],
) => Promise<string[]>;

/** Nothing is completed where the cluster cannot be asked: an error would land in the prompt. */
async function asking(context: Context, words: readonly string[], ask: Ask): Promise<string[]> {
  const valueOf = (...flags: string[]): string | undefined => {
    const at = words.findIndex((word) => flags.includes(word));
    return at === -1 ? undefined : words[at + 1];
  };
  const namespace = valueOf('-n', '--namespace');
  const dir = valueOf('--data-dir');
  const options = { ...(namespace && { namespace }), ...(dir && { dataDir: dir }) };
  const asked = withSession(context, options, async (session) =>
    ask(session, await session.kinds()),
  );
  try {
    return await Promise.race([asked, context.clock.sleep(timeoutMs).then((): string[] => [])]);
  } catch {
    return [];
  }
}
