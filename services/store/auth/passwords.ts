import { storeErrors } from '../errors.ts';
import { authErrors } from './errors.ts';

/** A hash takes a thread for a tenth of a second, and the disk needs the others. */
const atOnce = 2;
const maxWaiting = 200;
const maxPasswordBytes = 72;

/** bcrypt, off the event loop, and never so much of it that something else has to wait for it. */
export class Passwords {
  readonly #cost: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** `cost`: from 4 to 31; each step takes twice the time. */
  constructor(cost: number) {
    this.#cost = cost;
  }

  async hash(password: string): Promise<string> {
    if (Buffer.byteLength(password) > maxPasswordBytes) throw authErrors.passwordTooLong();
    const { hash } = await load();
    return this.#inTurn(() => hash(password, this.#cost));
  }

  async matches(password: string, passwordHash: string): Promise<boolean> {
    if (Buffer.byteLength(password) > maxPasswordBytes) return false;
    const { compare } = await load();
    return this.#inTurn(() => compare(password, passwordHash));
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= atOnce) {
      if (this.#waiting.length >= maxWaiting) throw storeErrors.tooManyRequests();
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    } else {
      this.#running++;
    }
    try {
      return await work();
    } finally {
      // The turn is handed on, or given up.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}

/** Loaded with the first password: most stores have none. */
async function load(): Promise<typeof import('bcrypt')> {
  return (await import('bcrypt')).default;
}

/** A hash made elsewhere, as clients may send it: base64 of bcrypt's text. */
export function decodeHash(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('latin1');
  if (!/^\$2[ab]\$\d\d\$[./A-Za-z0-9]{53}$/.test(text)) throw authErrors.badHash();
  return text;
}
