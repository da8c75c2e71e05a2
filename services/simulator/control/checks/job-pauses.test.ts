import { expect, test } from 'vitest';
import { JobPauses } from './job-pauses.ts';
import { broken, controlledBy, named, podKey, Store } from './testing.ts';

function world(parallelism: number, isCalm = true) {
  const store = new Store(new JobPauses(isCalm));
  store.put('/registry/batch/jobs/default/j', { ...named('j'), spec: { parallelism } } as object);
  const pod = (atMs: number, name: string, phase: string, more: object = {}): string => {
    store.nowMs = atMs;
    const metadata = { ...controlledBy('Job', 'j'), ...more };
    const made = { ...named(name, name, metadata), status: { phase } };
    return broken(() => store.put(podKey(name), made));
  };
  return pod;
}

test('after the second failure twice as long', () => {
  const pod = world(1);
  pod(0, 'a', 'Running');
  pod(1000, 'a', 'Failed');
  expect(pod(2000, 'b', 'Running')).toBe('kept');
  pod(3000, 'b', 'Failed');
  expect(pod(3500, 'c', 'Pending')).toMatch(/500 ms after failure 2 of j, and not 2000 ms/);
  expect(pod(5000, 'd', 'Pending')).toBe('kept');
});

test('who makes one for the first that failed need not have heard of the second', () => {
  const pod = world(2);
  for (const name of ['a', 'b']) pod(0, name, 'Running');
  for (const name of ['a', 'b']) pod(1000, name, 'Failed');
  expect(pod(1500, 'c', 'Running')).toBe('kept');
  expect(pod(1500, 'd', 'Running')).toMatch(/failure 2/);
});

test('who is on its way out is replaced before it fails', () => {
  const pod = world(2);
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  for (const name of ['a', 'b']) pod(0, name, 'Running', going);
  expect(pod(500, 'c', 'Running')).toBe('kept');
  for (const name of ['a', 'b']) pod(1000, name, 'Failed', going);
  expect(pod(1100, 'd', 'Running')).toBe('kept');
});

test('where something fails, nobody knows', () => {
  const pod = world(1, false);
  pod(0, 'a', 'Failed');
  pod(0, 'b', 'Failed');
  expect(pod(100, 'c', 'Pending')).toBe('kept');
});
