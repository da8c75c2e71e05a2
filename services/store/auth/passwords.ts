import { Turns } from '../serve/turns.ts';
import { authErrors } from './errors.ts';

/** A hash takes a thread for a tenth of a second, and the disk needs the others. */
const atOnce = 2;
const maxWaiting = 200;
const maxPasswordBytes = 72;

/** bcrypt, off the event loop, and never so much of it that something else has to wait for it. */
export class Passwords {
  readonly #cost: number;
  readonly #turns = new Turns(atOnce, maxWaiting);

  /** `cost`: from 4 to 31; each step takes twice the time. */
  constructor(cost: number) {
    this.#cost = cost;
  }

  async hash(password: string): Promise<string> {
    if (Buffer.byteLength(password) > maxPasswordBytes) throw authErrors.passwordTooLong();
    const { hash } = await load();
    return this.#turns.run(() => hash(password, this.#cost));
  }

  async matches(password: string, passwordHash: string): Promise<boolean> {
    if (Buffer.byteLength(password) > maxPasswordBytes) return false;
    const { compare } = await load();
    return this.#turns.run(() => compare(password, passwordHash));
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
