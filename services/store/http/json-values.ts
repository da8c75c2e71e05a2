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
