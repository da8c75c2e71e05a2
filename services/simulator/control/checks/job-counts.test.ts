import { expect, test } from 'vitest';
import { JobCounts } from './job-counts.ts';
import { broken, controlledBy, named, podKey, Store } from './testing.ts';

const tracked = { finalizers: ['batch.kubernetes.io/job-tracking'] };

/** A Job that is to succeed once. */
function world() {
  const store = new Store(new JobCounts());
  store.put('/registry/batch/jobs/default/j', {
    ...named('j'),
    spec: { completions: 1 },
  } as object);
  return (name: string, phase: string, more: object = tracked): string => {
    const metadata = { ...controlledBy('Job', 'j'), ...more };
    const pod = { ...named(name, name, metadata), status: { phase } };
    return broken(() => store.put(podKey(name), pod));
  };
}

test('none is made beside one that has succeeded', () => {
  const pod = world();
  pod('a', 'Running');
  pod('a', 'Succeeded');
  pod('a', 'Succeeded', {});
  expect(pod('b', 'Pending')).toMatch(/1 of the Job's 1 are at work or have succeeded/);
});

test('what becomes of one that was let go does not count', () => {
  const pod = world();
  pod('a', 'Running');
  pod('a', 'Running', {});
  pod('a', 'Succeeded', {});
  expect(pod('b', 'Pending')).toBe('kept');
});
