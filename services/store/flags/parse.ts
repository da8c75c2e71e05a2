import { QuorateError } from '#shared/base';
import type { Environment } from '#shared/runtime';
import { readConfigFile } from './config-file.ts';
import { type FlagName, flagNamed, flagNames, flagTable, specOf } from './table.ts';
import { booleanOf, complaint, durationMs, listOf } from './values.ts';

/** What was said on the command line, in the environment or in a file; checked word by word. */
export class FlagValues {
  readonly #given: ReadonlyMap<FlagName, string>;
  /** What whoever started it should hear, without being stopped by it. */
  readonly warnings: readonly string[];

  constructor(given: ReadonlyMap<FlagName, string>, warnings: readonly string[] = []) {
    this.#given = given;
    this.warnings = [...warnings, ...idleWarnings(given)];
  }

  isSet(name: FlagName): boolean {
    return this.#given.has(name);
  }

  /** Every flag that does something and says something, as it is set. */
  get inForce(): Record<string, string | number | boolean> {
    const names = (Object.keys(flagTable) as FlagName[]).filter(
      (name) => specOf(name).standing.is === 'in force',
    );
    const values = names.map((name) => [name, this.#value(name)] as const);
    return Object.fromEntries(values.filter(([, value]) => value !== ''));
  }

  #value(name: FlagName): string | number | boolean {
    const { type } = specOf(name);
    if (type === 'boolean') return this.boolean(name);
    return type === 'int' || type === 'uint' ? this.integer(name) : this.text(name);
  }

  text(name: FlagName): string {
    return this.#given.get(name) ?? specOf(name).default;
  }

  integer(name: FlagName): number {
    return Number(this.text(name));
  }

  boolean(name: FlagName): boolean {
    return booleanOf(this.text(name)) === true;
  }

  ms(name: FlagName): number {
    return durationMs(this.text(name)) ?? 0;
  }

  list(name: FlagName): string[] {
    return listOf(this.text(name));
  }
}

/** A command line that cannot be read, as Go's flag package words it: exit code 2. */
export class UsageError extends Error {}

/**
 * Flags, then the environment for what they leave open; or, where there is a config file, that file
 * alone. As in etcd, a flag and a variable for the same thing is an error.
 */
export async function readFlags(args: readonly string[], env: Environment): Promise<FlagValues> {
  const fromArgs = parseArgs(args);
  const file = fromArgs.get('config-file') ?? (env['ETCD_CONFIG_FILE'] || undefined);
  if (file !== undefined) {
    const { values, unknown } = await readConfigFile(file);
    const given = checked(values, (name) => `${name} in ${file}`);
    const others = fromArgs.size - (fromArgs.has('config-file') ? 1 : 0);
    return new FlagValues(given, [
      ...(others > 0 ? [`flags and environment are ignored: ${file} is given`] : []),
      ...unknown.map((key) => `${file}: unknown key ${key} is ignored`),
    ]);
  }
  const values = new Map(fromArgs);
  const warnings = addEnvironment(values, env);
  return new FlagValues(checked(values), warnings);
}

/** `-name value`, `--name=value`, `--switch`; a word that is none of these is an error. */
function parseArgs(args: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  const givenAs = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    const match = /^--?([^=-][^=]*)(?:=(.*))?$/s.exec(arg);
    if (!match) {
      const text = arg.startsWith('-') ? `bad flag syntax: ${arg}` : undefined;
      if (text !== undefined) throw new UsageError(text);
      throw new QuorateError(
        'bad-request',
        `error verifying flags, '${arg}' is not a valid flag. See 'quorate store --help'.`,
      );
    }
    const [, name = '', value] = match;
    const known = name === 'config-file' ? name : flagNamed(name);
    if (known === undefined) throw new UsageError(`flag provided but not defined: -${name}`);
    const isBoolean = known !== 'config-file' && specOf(known).type === 'boolean';
    const next = value ?? (isBoolean ? 'true' : args[++at]);
    if (next === undefined) throw new UsageError(`flag needs an argument: -${name}`);
    const before = givenAs.get(known) ?? name;
    if (before !== name) throw givenTwice(known, before === known ? name : before);
    givenAs.set(known, name);
    values.set(known, next);
  }
  return values;
}

/** What stands among flags and is none, nor the value of one. */
export function wordsAmong(args: readonly string[]): { words: string[]; flags: string[] } {
  const words: string[] = [];
  const flags: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (!arg.startsWith('-')) {
      words.push(arg);
      continue;
    }
    flags.push(arg);
    const known = flagNamed(arg.replace(/^--?/, ''));
    const takesValue = known !== undefined && specOf(known).type !== 'boolean';
    const value = args[at + 1];
    if (takesValue && value !== undefined) {
      flags.push(value);
      at++;
    }
  }
  return { words, flags };
}

function givenTwice(name: string, former: string): QuorateError {
  return new QuorateError(
    'bad-request',
    `error verifying flags, both --${former} and --${name} flags are set. Use only --${name}`,
  );
}

function addEnvironment(values: Map<string, string>, env: Environment): string[] {
  const byVariable = new Map(flagNames.map((name) => [variableOf(name), name]));
  const warnings: string[] = [];
  const fromFlags = new Set(values.keys());
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('ETCD_') || value === undefined || value === '') continue;
    if (variable === 'ETCD_CONFIG_FILE') continue;
    const name = flagNamed(byVariable.get(variable) ?? '');
    if (name === undefined) {
      warnings.push(`unrecognized environment variable ${variable}`);
      continue;
    }
    if (fromFlags.has(name)) {
      throw new QuorateError(
        'bad-request',
        `conflicting environment variable "${variable}" is shadowed by corresponding command-line flag (either unset environment variable or disable flag)`,
      );
    }
    values.set(name, value);
  }
  return warnings;
}

function variableOf(name: string): string {
  return `ETCD_${name.replaceAll('-', '_').toUpperCase()}`;
}

function checked(
  values: ReadonlyMap<string, string>,
  where: (name: string) => string = (name) => `--${name}`,
): Map<FlagName, string> {
  const given = new Map<FlagName, string>();
  for (const [key, value] of values) {
    const name = flagNamed(key);
    if (name === undefined) continue;
    const spec = specOf(name);
    const wrong = complaint(name, spec, value);
    if (wrong !== undefined) throw new UsageError(wrong);
    if (spec.standing.is === 'refused' && value !== spec.default) {
      throw new QuorateError(
        'bad-request',
        `${where(name)} cannot be set to "${value}": ${spec.standing.why}`,
      );
    }
    given.set(name, value);
  }
  return given;
}

function idleWarnings(given: ReadonlyMap<FlagName, string>): string[] {
  return [...given].flatMap(([name, value]) => {
    const { standing, default: usual } = specOf(name);
    if (standing.is !== 'without effect' || value === usual) return [];
    return [`--${name}=${value} has no effect: ${standing.why}`];
  });
}
