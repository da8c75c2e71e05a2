/**
 * Cuts a stream of text into its top-level JSON values, as they are complete: the body of a
 * streaming request is one object after another. What a value contains is not looked at.
 */
export class JsonValues {
  #text = '';
  #at = 0;
  #depth = 0;
  #inString = false;

  /** The values that `chunk` completes. */
  push(chunk: string): string[] {
    this.#text += chunk;
    const values: string[] = [];
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at];
      if (this.#inString) {
        if (character === '\\') this.#at++;
        else if (character === '"') this.#inString = false;
      } else if (character === '"') {
        this.#inString = true;
      } else if (character === '{' || character === '[') {
        this.#depth++;
      } else if (character === '}' || character === ']') {
        this.#depth--;
        if (this.#depth <= 0) values.push(this.#cut());
      }
    }
    return values;
  }

  /** What is left over; empty where the last value was complete. */
  get rest(): string {
    return this.#text.trim();
  }

  get length(): number {
    return this.#text.length;
  }

  #cut(): string {
    const value = this.#text.slice(0, this.#at + 1);
    this.#text = this.#text.slice(this.#at + 1);
    this.#at = -1;
    this.#depth = 0;
    return value;
  }
}

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/**
 * JSON in which an integer that a double cannot hold is the text of its digits: clients send 64-bit
 * ids of leases and members as numbers. Throws SyntaxError.
 */
export function parseExact(text: string): unknown {
  const exact: Reviver = (_key, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '')
      ? source
      : value;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown) as unknown;
}
