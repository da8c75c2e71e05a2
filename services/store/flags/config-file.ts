import { readFileSync } from 'node:fs';
import { messageOf, QuorateError } from '#shared/base';
import { flagNamed, specOf } from './table.ts';

export interface ConfigFile {
  readonly values: ReadonlyMap<string, string>;
  /** Keys that are none of etcd's. */
  readonly unknown: readonly string[];
}

/** The flags that stand in a section of their own there, without the word that the section says. */
const transportSections: Readonly<Record<string, (key: string) => string>> = {
  'client-transport-security': (key) => key,
  'peer-transport-security': (key) =>
    ({ 'allowed-cn': 'peer-cert-allowed-cn', 'allowed-hostname': 'peer-cert-allowed-hostname' })[
      key
    ] ?? `peer-${key}`,
};

/** etcd's configuration file: YAML, and so JSON too; keys are flags, durations nanoseconds. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const document = await load(path);
  const values = new Map<string, string>();
  const unknown: string[] = [];
  const set = (shown: string, name: string, value: unknown): void => {
    const text = textOf(name, value);
    if (flagNamed(name) === undefined) unknown.push(shown);
    else if (text !== undefined) values.set(name, text);
  };
  for (const [key, value] of Object.entries(document)) {
    const nameIn = transportSections[key];
    if (nameIn === undefined) {
      set(key, key, value);
      continue;
    }
    for (const [inner, innerValue] of Object.entries(value ?? {})) {
      set(`${key}.${inner}`, nameIn(inner), innerValue);
    }
  }
  return { values, unknown };
}

async function load(path: string): Promise<Record<string, unknown>> {
  const bad = (text: string): QuorateError =>
    new QuorateError('bad-request', `error verifying flags, ${path}: ${text}`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    throw bad(messageOf(thrown));
  }
  // Loaded here: few members have such a file, and the library is a megabyte of memory.
  const { parse } = await import('yaml');
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 0 });
  } catch (thrown) {
    throw bad(messageOf(thrown));
  }
  if (document === null || document === undefined) return {};
  if (typeof document !== 'object' || Array.isArray(document)) {
    throw bad('must hold keys and values, as in `name: default`');
  }
  return document as Record<string, unknown>;
}

/** As the flag would be written; undefined: nothing is said. */
function textOf(name: string, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.map((each) => plain(each)).join(',');
  const known = flagNamed(name);
  const isDuration = known !== undefined && specOf(known).type === 'duration';
  if (isDuration && typeof value === 'number') return `${value}ns`;
  if (typeof value !== 'object') return plain(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key}=${plain(inner)}`)
    .join(',');
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
