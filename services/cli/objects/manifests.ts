import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import type { KindInfo, KubeObject } from '#shared/api';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import type { FileOptions } from '../options.ts';
import { kindOfManifest } from './kinds.ts';
import { manifestYaml } from './yaml.ts';

/** One object of a file, as written there. */
export interface Manifest {
  readonly object: KubeObject & { apiVersion: string; kind: string };
  /** The file's name as given, or `STDIN`: for messages. */
  readonly source: string;
}

/** A manifest, or why a document is none; the rest of the files goes on. */
export type ManifestResult = Manifest | { readonly error: CommandError };

const manifestExtensions = new Set(['.json', '.yaml', '.yml']);

/** Every document of every file, in order; a `List` stands for its items. */
export async function readManifests(
  context: Context,
  options: FileOptions,
): Promise<ManifestResult[]> {
  const names = options.filename ?? [];
  if (names.length === 0) throw new CommandError('must specify -f');
  const results: ManifestResult[] = [];
  for (const { source, text } of await readSources(context, names, options.recursive === true)) {
    results.push(...(await parseManifests(text, source)));
  }
  if (results.length === 0) throw new CommandError('no objects passed');
  return results;
}

async function readSources(
  context: Context,
  names: readonly string[],
  recursive: boolean,
): Promise<{ source: string; text: string }[]> {
  const sources: { source: string; text: string }[] = [];
  for (const name of names) {
    if (name === '-') {
      sources.push({ source: 'STDIN', text: await context.readStdin() });
      continue;
    }
    for (const file of manifestFiles(context.cwd, name, recursive)) {
      sources.push({ source: file, text: readFileSync(resolve(context.cwd, file), 'utf8') });
    }
  }
  return sources;
}

/** A file is itself; a folder is its .json, .yaml and .yml files in order of name. */
function manifestFiles(cwd: string, name: string, recursive: boolean): string[] {
  if (/^https?:\/\//.test(name)) {
    throw new CommandError(`"${name}" is a URL; fetch it first, then apply it with -f -`);
  }
  const info = statSync(resolve(cwd, name), { throwIfNoEntry: false });
  if (!info) throw new CommandError(`the path "${name}" does not exist`);
  if (!info.isDirectory()) return [name];
  const entries = readdirSync(resolve(cwd, name), { withFileTypes: true });
  const files = entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(name, entry.name);
      if (entry.isDirectory()) return recursive ? manifestFiles(cwd, path, true) : [];
      return manifestExtensions.has(extname(entry.name)) ? [path] : [];
    });
  if (files.length > 0 || recursive) return files;
  throw new CommandError(
    `error reading [${name}]: recognized file extensions are [.json .yaml .yml]`,
  );
}

/** The documents of one text: YAML, of which JSON is a part. */
export async function parseManifests(text: string, source: string): Promise<ManifestResult[]> {
  const { parseAllDocuments } = await import('yaml');
  const documents = parseAllDocuments(text, manifestYaml);
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document): ManifestResult[] => {
    const [problem] = document.errors;
    if (problem) {
      const line = problem.linePos?.[0].line;
      const [reason = ''] = problem.message.split('\n');
      return [{ error: new CommandError(parseFailure(source, reason, line)) }];
    }
    const value = document.toJS({ maxAliasCount: 100 }) as unknown;
    // Nothing but comments between two separators.
    if (value === null || value === undefined) return [];
    return toManifests(value, source);
  });
}

function parseFailure(source: string, reason: string, line: number | undefined): string {
  const text = reason.replace(/ at line \d+, column \d+:?$/, '');
  return `error parsing ${source}: error converting YAML to JSON: yaml: ${
    line === undefined ? '' : `line ${line}: `
  }${text}`;
}

function toManifests(value: unknown, source: string): ManifestResult[] {
  const bad = (message: string): ManifestResult[] => [
    { error: new CommandError(`error validating "${source}": error validating data: ${message}`) },
  ];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return bad(`invalid object to validate: a manifest is a map with apiVersion and kind`);
  }
  const object = value as KubeObject & { items?: unknown };
  const missing = (['apiVersion', 'kind'] as const).filter(
    (field) => typeof object[field] !== 'string' || object[field] === '',
  );
  if (missing.length > 0) return bad(`[${missing.map((field) => `${field} not set`).join(', ')}]`);
  if (object.kind?.endsWith('List') === true && Array.isArray(object.items)) {
    return object.items.flatMap((item) => toManifests(item, source));
  }
  return [{ object: object as Manifest['object'], source }];
}

/** Where a manifest goes, or kubectl's words that the server does not know it. */
export function mapManifest(kinds: readonly KindInfo[], { object, source }: Manifest): KindInfo {
  const kind = kindOfManifest(kinds, object);
  if (kind) return kind;
  const { name = '', namespace = '' } = object.metadata ?? {};
  throw new CommandError(
    `resource mapping not found for name: "${name}" namespace: "${namespace}" from "${source}": ` +
      `no matches for kind "${object.kind}" in version "${object.apiVersion}"`,
    { hint: 'See `quorate api-resources` for the kinds and versions that the server knows.' },
  );
}

/**
 * The manifest with its namespace filled in: the flag's may not differ from the manifest's, and
 * objects of the whole cluster have none.
 */
export function placeManifest(
  object: KubeObject,
  kind: KindInfo,
  namespace: string,
  namespaceGiven: boolean,
): KubeObject {
  if (!kind.namespaced) return object;
  const own = object.metadata?.namespace;
  if (own !== undefined && own !== '') {
    if (!namespaceGiven || own === namespace) return object;
    throw new CommandError(
      `the namespace from the provided object "${own}" does not match the namespace ` +
        `"${namespace}". You must pass '--namespace=${own}' to perform this operation.`,
    );
  }
  return { ...object, metadata: { ...object.metadata, namespace } };
}
