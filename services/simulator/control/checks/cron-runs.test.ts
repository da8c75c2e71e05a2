import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { CronRuns } from './cron-runs.ts';
import { broken, controlledBy, named, Store } from './testing.ts';

const cronKey = '/registry/batch/cronjobs/default/tick';
const jobKey = (name: string): string => `/registry/batch/jobs/default/${name}`;
const cron = (spec: object): KubeObject =>
  ({ ...named('tick', 'tick', { generation: 1 }), spec }) as KubeObject;
const job = (name: string, ended = false): KubeObject =>
  ({
    ...named(name, name, controlledBy('CronJob', 'tick')),
    status: { conditions: ended ? [{ type: 'Complete', status: 'True' }] : [] },
  }) as KubeObject;

function setUp(spec: object) {
  const check = new CronRuns(2, 10);
  const store = new Store(check);
  store.put(cronKey, cron(spec));
  for (const name of ['x', 'y']) store.put(jobKey(name), named(name));
  return { check, store };
}

test('a CronJob that may not run beside itself does not', () => {
  const { store } = setUp({ concurrencyPolicy: 'Forbid' });
  store.put(jobKey('a'), job('a'));
  store.put(jobKey('a'), job('a', true));
  expect(broken(() => store.put(jobKey('b'), job('b')))).toBe('kept');
  expect(broken(() => store.put(jobKey('c'), job('c')))).toBe('kept');
  expect(broken(() => store.put(jobKey('d'), job('d')))).toMatch(/beside .*b, .* Forbid/);
});

test('one that is suspended rests', () => {
  const { store, check } = setUp({ suspend: true });
  expect(broken(() => store.put(jobKey('a'), job('a')))).toMatch(/is suspended/);
  expect(broken(() => check.tick(99))).toBe('kept');
});

test('one that is not runs again and again', () => {
  const { store, check } = setUp({ concurrencyPolicy: 'Allow' });
  store.put(jobKey('a'), job('a'));
  expect(broken(() => check.tick(15))).toBe('kept');
  expect(broken(() => check.tick(16))).toMatch(/has not run for 11 ms/);
});

test('what was made for one time is not made again, unless a user took it', () => {
  const { store, check } = setUp({ concurrencyPolicy: 'Allow' });
  for (const name of ['a', 'b']) {
    store.put(jobKey(name), job(name));
    store.remove(jobKey(name));
  }
  check.deleted('default', 'b');
  expect(broken(() => store.put(jobKey('b'), job('b')))).toBe('kept');
  expect(broken(() => store.put(jobKey('a'), job('a')))).toMatch(/a is made .* was made before/);
});
