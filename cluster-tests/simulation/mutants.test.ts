import { expect, test } from 'vitest';
import { hunt } from './mutants.ts';

/** A few of the museum that die quickly; `make mutants` hunts all of them. */
test.each([
  ['vote-not-persisted', 'votes kept'],
  ['acknowledged-before-durable', 'durable acknowledgement'],
  ['snapshot-misses-sequences', 'state-machine equality'],
  ['revision-reused-after-restart', 'state-machine equality'],
  ['watch-loses-event-on-resume', 'watch'],
  ['pod-gone-before-its-containers', 'no ghosts'],
  ['completions-counted-twice', 'counts of jobs'],
])('%s is caught', async (mutant, checker) => {
  const caught = await hunt(mutant, 1, 12);
  expect(caught.checker, caught.output).toBe(checker);
});
