import { createRequire } from 'node:module';

/** The package's version, from its package.json: the one place where it is written. */
export const version: string = (
  createRequire(import.meta.url)('quorate/package.json') as { version: string }
).version;
