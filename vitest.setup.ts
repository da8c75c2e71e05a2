import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** What everything random in tests draws from: a whole number. */
    seed: number;
  }
}

fc.configureGlobal({ seed: inject('seed') });

// A file's tests leave nothing behind: what they put among temporary files goes when the last has ended.
const shared = process.env['TMPDIR'];
const own = mkdtempSync(join(tmpdir(), 'quorate-unit-'));
process.env['TMPDIR'] = own;
afterAll(() => {
  rmSync(own, { recursive: true, force: true });
  if (shared === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = shared;
});
