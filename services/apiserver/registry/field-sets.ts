import type { KubeObject, ManagedFieldsEntry } from '#shared/api';

/** Objects of one origin have the same sets: few differ, however many objects there are. */
const maxKept = 10_000;

const trees = new Map<string, object>();
const texts = new WeakMap<object, string>();

/** The set that a text says; the same text is the same object, which nobody changes. */
function treeOf(text: string): object {
  const known = trees.get(text);
  if (known) return known;
  if (trees.size >= maxKept) trees.clear();
  const tree = JSON.parse(text) as object;
  trees.set(text, tree);
  texts.set(tree, text);
  return tree;
}

type Stored = Omit<ManagedFieldsEntry, 'fieldsV1'> & { fieldsV1?: string };

/**
 * managedFields as the store keeps them: each set as one text. Together they are larger than most
 * objects; so a thousand pods of one template share their sets in memory, and a write parses none.
 */
export function packFieldSets(entries: readonly ManagedFieldsEntry[]): Stored[] {
  return entries.map(({ fieldsV1 = {}, ...entry }) => ({
    ...entry,
    fieldsV1: texts.get(fieldsV1) ?? JSON.stringify(fieldsV1),
  }));
}

/** Changes an object that was just read. */
export function unpackFieldSets({ metadata }: KubeObject): void {
  for (const entry of metadata?.managedFields ?? []) {
    const packed: unknown = entry.fieldsV1;
    if (typeof packed === 'string') entry.fieldsV1 = treeOf(packed);
  }
}
