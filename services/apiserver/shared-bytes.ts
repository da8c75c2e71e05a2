import { toJson } from './json.ts';

/** What is kept of it at most, in bytes: enough for watchers some thousand events apart. */
const maxBytes = 32 * 1024 * 1024;

/**
 * Objects written out for many watchers: once for each form, however many get it. Only what was
 * written lately is kept: an object stays in the watch cache for as long as it exists, its bytes
 * need not. Objects never change, so neither do their bytes.
 */
export class SharedBytes {
  readonly #forms = new Map<object, Map<string, Buffer>>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(limit = maxBytes) {
    this.#maxBytes = limit;
  }

  /** `form` names what `make` makes of the object, and of nothing else but the object. */
  of(object: object, form: string, make: () => Buffer): Buffer {
    const known = this.#forms.get(object);
    const found = known?.get(form);
    if (found) return found;
    const bytes = make();
    const forms = known ?? new Map<string, Buffer>();
    forms.set(form, bytes);
    this.#bytes += bytes.length;
    // Newest last.
    this.#forms.delete(object);
    this.#forms.set(object, forms);
    this.#forget(object);
    return bytes;
  }

  get size(): number {
    return this.#bytes;
  }

  #forget(newest: object): void {
    for (const [object, forms] of this.#forms) {
      if (this.#bytes <= this.#maxBytes || object === newest) return;
      for (const { length } of forms.values()) this.#bytes -= length;
      this.#forms.delete(object);
    }
  }
}

const shared = new SharedBytes();

/** The object as JSON. */
export const toSharedJson = (object: object): Buffer => shared.of(object, '', () => toJson(object));

/** What else is made of the object; see SharedBytes. */
export const toSharedForm = (object: object, form: string, make: () => Buffer): Buffer =>
  shared.of(object, form, make);
