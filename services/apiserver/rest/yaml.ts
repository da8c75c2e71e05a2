import { badRequest } from '#shared/api';
import { LineCounter, parseDocument, visit } from 'yaml';

export interface Yaml {
  readonly value: unknown;
  /** Keys that come twice in their map, the last one of which counts: `line 4: key "a" already set in map`. */
  readonly duplicates: readonly string[];
}

/** One YAML document. Throws `bad-request`. */
export function readYaml(text: string): Yaml {
  const lines = new LineCounter();
  try {
    // The library's own look for keys that come twice compares each with each: minutes, for a
    // hundred thousand of them.
    const document = parseDocument(text, { uniqueKeys: false, lineCounter: lines });
    const [error] = document.errors;
    if (error) throw error;
    const duplicates: string[] = [];
    visit(document, {
      Map(_key, { items }) {
        const keys = new Set<unknown>();
        for (const { key } of items) {
          const { value, range } = key as { value?: unknown; range?: [number] };
          if (value === undefined) continue;
          if (keys.has(value)) {
            const { line } = lines.linePos(range?.[0] ?? 0);
            duplicates.push(`line ${line}: key ${JSON.stringify(value)} already set in map`);
          }
          keys.add(value);
        }
      },
    });
    return { value: document.toJS(), duplicates };
  } catch (thrown) {
    throw badRequest(`error decoding YAML: ${(thrown as Error).message}`);
  }
}
