import type { KindInfo } from '#shared/api';
import { CommandError } from '../command-error.ts';

/** `deployments.apps`, `pods`: how kubectl names a collection. */
export const qualified = (kind: { group: string; resource: string }): string =>
  kind.group === '' ? kind.resource : `${kind.resource}.${kind.group}`;

/** `deployment.apps/hello`: what verbs print about the object they changed. */
export const reference = (kind: KindInfo, name: string): string =>
  `${kind.singular}${kind.group === '' ? '' : `.${kind.group}`}/${name}`;

export const apiVersionOf = (kind: { group: string; version: string }): string =>
  kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;

/**
 * The kind a person means by a word: plural, singular, short name or kind, alone or with
 * `.group` or `.version.group` after it.
 */
export function resolveKind(kinds: readonly KindInfo[], word: string): KindInfo {
  const kind = findKind(kinds, word);
  if (kind) return kind;
  throw new CommandError(`the server doesn't have a resource type "${word}"`, {
    hint: 'See `quorate api-resources` for those it has.',
  });
}

export function findKind(kinds: readonly KindInfo[], word: string): KindInfo | undefined {
  const wanted = word.toLowerCase();
  const dot = wanted.indexOf('.');
  if (dot === -1) return kinds.find((kind) => wordsFor(kind).includes(wanted));
  const name = wanted.slice(0, dot);
  const rest = wanted.slice(dot + 1);
  return kinds.find(
    (kind) =>
      wordsFor(kind).includes(name) &&
      (rest === kind.group || rest === kind.version || rest === `${kind.version}.${kind.group}`),
  );
}

const wordsFor = (kind: KindInfo): string[] => [
  kind.resource,
  kind.singular,
  ...kind.shortNames,
  kind.kind.toLowerCase(),
];

/** The kinds that one comma-separated argument names; a category (`all`) stands for several. */
export function resolveKinds(kinds: readonly KindInfo[], words: string): KindInfo[] {
  const found = words
    .split(',')
    .filter((word) => word !== '')
    .flatMap((word) => {
      const inCategory = kinds.filter((kind) => kind.categories.includes(word));
      return inCategory.length > 0 ? inCategory : [resolveKind(kinds, word)];
    });
  return [...new Set(found)];
}

/** The kind of a manifest's apiVersion and kind. */
export function kindOfManifest(
  kinds: readonly KindInfo[],
  manifest: { apiVersion: string; kind: string },
): KindInfo | undefined {
  return kinds.find(
    (kind) => kind.kind === manifest.kind && apiVersionOf(kind) === manifest.apiVersion,
  );
}
