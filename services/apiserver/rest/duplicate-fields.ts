interface Level {
  readonly path: string;
  /** Of an object; absent in an array. */
  readonly keys?: Set<string>;
  /** The member that is being read: a key, or a number in an array. */
  at: string | number;
}

/** The paths of keys that come twice in their object, once each, in JSON that is known to be valid. */
export function duplicateFields(text: string): string[] {
  const found = new Set<string>();
  const stack: Level[] = [];
  let isKey = false;
  const member = ({ path, keys, at }: Level): string =>
    keys ? (path === '' ? `${at}` : `${path}.${at}`) : `${path}[${at}]`;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    const level = stack.at(-1);
    if (char === '"') {
      const end = endOfString(text, i);
      if (isKey && level?.keys) {
        level.at = JSON.parse(text.slice(i, end + 1)) as string;
        if (level.keys.has(level.at)) found.add(member(level));
        level.keys.add(level.at);
        isKey = false;
      }
      i = end;
    } else if (char === '{' || char === '[') {
      const path = level ? member(level) : '';
      stack.push(char === '{' ? { path, keys: new Set(), at: '' } : { path, at: 0 });
      isKey = char === '{';
    } else if (char === '}' || char === ']') {
      stack.pop();
      isKey = false;
    } else if (char === ',' && level) {
      if (typeof level.at === 'number') level.at += 1;
      isKey = level.keys !== undefined;
    }
  }
  return [...found];
}

function endOfString(text: string, start: number): number {
  let end = start + 1;
  while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end;
}
