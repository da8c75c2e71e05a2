import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { JobDeadlines } from './job-deadlines.ts';
import { broken, named, Store } from './testing.ts';

function world() {
  const store = new Store(new JobDeadlines(500));
  return (atMs: number, suspend: boolean, over = false): string => {
    store.nowMs = atMs;
    const conditions = over ? [{ type: 'Failed', status: 'True', reason: 'DeadlineExceeded' }] : [];
    const spec = { suspend, activeDeadlineSeconds: 3 };
    const job = { ...named('a'), spec, status: { conditions } } as KubeObject;
    return broken(() => store.put('/registry/batch/jobs/default/a', job));
  };
}

test('who waited has all of its time before it', () => {
  const job = world();
  job(0, false);
  job(1000, true);
  job(9000, false);
  expect(job(9500, false, true)).toMatch(/500 ms after it was let go on, and has 3000 ms/);
});

test('no time passes while it waits', () => {
  const job = world();
  job(0, false);
  job(1000, true);
  expect(job(1400, true, true)).toBe('kept');
  job(1500, true);
  expect(job(4000, true, true)).toMatch(/its time is over, and waits/);
});

test('one that was let go on in time, or waited too shortly to be seen, is over when its time is', () => {
  const job = world();
  job(0, true);
  job(9000, false);
  expect(job(12_000, false, true)).toBe('kept');
  const other = world();
  other(0, false);
  other(2000, true);
  other(2400, false);
  expect(other(3000, false, true)).toBe('kept');
});
