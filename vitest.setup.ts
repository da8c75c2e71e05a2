import fc from 'fast-check';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** What everything random in tests draws from: a whole number. */
    seed: number;
  }
}

fc.configureGlobal({ seed: inject('seed') });
