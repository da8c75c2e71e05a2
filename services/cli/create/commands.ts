import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Command } from 'commander';
import type { KubeObject } from '#shared/api';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { integerFlag } from '../flags.ts';
import { resolveKind } from '../objects/kinds.ts';
import { typed } from '../objects/select.ts';
import { type Session, withSession } from '../objects/session.ts';
import { addDryRun, addNamespace, addOutput, type NamespaceOptions } from '../options.ts';
import { printChanged } from '../print/changed.ts';
import {
  generateConfigMap,
  generateDeployment,
  generateNamespace,
  generateSecret,
  parseLiteral,
  splitKey,
} from './generators.ts';

interface CreateOptions extends NamespaceOptions {
  readonly output?: string;
  readonly dryRun?: 'none' | 'server' | 'client';
}

interface EntryOptions extends CreateOptions {
  readonly fromLiteral?: readonly string[];
  readonly fromFile?: readonly string[];
  readonly type?: string;
}

interface DeploymentFlags extends CreateOptions {
  readonly image: string;
  readonly replicas: string;
  readonly port?: string;
}

/** The objects that `create` makes from flags, without a file. */
export function createCommands(context: Context): Command[] {
  const make = (command: Command, object: KubeObject): Promise<void> => {
    const options = command.optsWithGlobals<CreateOptions>();
    return withSession(context, options, (session) => createOne(context, session, options, object));
  };
  const add = (name: string, summary: string): Command =>
    addDryRun(addOutput(addNamespace(new Command(name))))
      .description(summary)
      .argument('<name>');

  const namespace = add('namespace', 'create a namespace').alias('ns');
  namespace.action((name: string) => make(namespace, generateNamespace(name)));

  const configMap = addEntries(add('configmap', 'create a config map from literals and files'));
  configMap
    .alias('cm')
    .action((name: string, options: EntryOptions) =>
      make(configMap, generateConfigMap(name, entriesOf(context, options))),
    );

  const generic = addEntries(add('generic', 'create a secret from literals and files'));
  generic
    .option('--type <type>', 'the type of the secret (default: Opaque)')
    .action((name: string, options: EntryOptions) =>
      make(generic, generateSecret(name, entriesOf(context, options), options.type)),
    );

  const deployment = add('deployment', 'create a deployment of one container').alias('deploy');
  deployment
    .usage('NAME --image=IMAGE [flags] -- COMMAND [ARGS...]')
    .argument('[command...]', 'what the container runs')
    .requiredOption('--image <image>', 'its image, which in process mode is only a name')
    .option('-r, --replicas <count>', 'how many pods', '1')
    .option('--port <port>', 'the port that the container listens on')
    .action((name: string, command: string[], { image, replicas, port }: DeploymentFlags) =>
      make(
        deployment,
        generateDeployment(name, {
          image,
          replicas: integerFlag('--replicas', replicas, 0, 2 ** 31 - 1),
          port: port === undefined ? undefined : integerFlag('--port', port, 1, 65_535),
          command,
        }),
      ),
    );
  const secret = new Command('secret').description('create a secret').addCommand(generic);
  return [namespace, configMap, secret, deployment];
}

async function createOne(
  context: Context,
  session: Session,
  options: CreateOptions,
  object: KubeObject,
): Promise<void> {
  const kind = resolveKind(await session.kinds(), object.kind ?? '');
  const placed = kind.namespaced
    ? { ...object, metadata: { ...object.metadata, namespace: session.namespace } }
    : object;
  const created =
    options.dryRun === 'client'
      ? placed
      : await session.api.create(kind, placed, { dryRun: options.dryRun === 'server' });
  await printChanged(context, options, kind, typed(kind, created), 'created');
}

/** Values may hold commas, so each flag is one entry. */
const gather = (value: string, previous: readonly string[] = []): string[] => [...previous, value];

const addEntries = (command: Command): Command =>
  command
    .option('--from-literal <key=value>', 'a key and its value', gather)
    .option('--from-file <[key=]path>', 'a file, or each file of a folder', gather);

function entriesOf(context: Context, options: EntryOptions): Map<string, Uint8Array> {
  const entries = new Map<string, Uint8Array>();
  const add = (key: string, value: Uint8Array): void => {
    if (entries.has(key)) {
      throw new CommandError(`cannot add key "${key}", another key by that name already exists`);
    }
    entries.set(key, value);
  };
  for (const source of options.fromFile ?? []) {
    const [key, path] = splitKey(source);
    for (const file of filesOf(resolve(context.cwd, path))) {
      add(key ?? basename(file), readFileSync(file));
    }
  }
  for (const literal of options.fromLiteral ?? []) add(...parseLiteral(literal));
  return entries;
}

function filesOf(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new CommandError(`error reading ${path}: no such file or directory`);
  if (!stat.isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(path, entry.name))
    .toSorted();
}
