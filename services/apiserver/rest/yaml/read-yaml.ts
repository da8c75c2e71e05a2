import { Lexer, LineCounter, parseDocument, Parser, visit } from 'yaml';

/** A document of YAML, as JSON. */
export interface Yaml {
  readonly json: string;
  /** Keys that come twice in their map, the last one of which counts: `line 4: key "a" already set in map`. */
  readonly duplicates: readonly string[];
}

/** Twice what JSON may have; the library's recursion overflows the stack, or ends the process, at some thousands. */
const maxDepth = 400;

/** One YAML document. Throws where it is none. */
export function readYaml(text: string): Yaml {
  checkDepth(text);
  const lines = new LineCounter();
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
  // Throws where it is nested deeper than the stack is, or an alias names what holds it.
  return { json: JSON.stringify(document.toJS() ?? null), duplicates };
}

/** Only the library's parser knows what is nested and what is text; its stack is no recursion. */
function checkDepth(text: string): void {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    // Whatever it has finished is not looked at.
    Array.from(parser.next(lexeme));
    if (parser.stack.length > maxDepth) throw new Error(`nested more than ${maxDepth} levels deep`);
  }
}
