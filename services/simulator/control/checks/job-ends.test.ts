import { expect, test } from 'vitest';
import { JobEnds } from './job-ends.ts';
import { broken, controlledBy, named, Store } from './testing.ts';

const jobKey = (name: string): string => `/registry/batch/jobs/default/${name}`;

function world(patienceMs = 100) {
  const now = { ms: 0 };
  // eslint-disable-next-line prefer-const -- they know each other
  let check: JobEnds;
  const store = new Store({ name: '', changed: (change) => check.changed(change) });
  check = new JobEnds(store.history, () => now.ms, patienceMs);
  store.put('/registry/namespaces/default', named('default'));
  const spec = { concurrencyPolicy: 'Replace' };
  store.put('/registry/batch/cronjobs/default/c', { ...named('c'), spec } as object);
  const end = (atMs: number, name: string, more: object, spec: object = {}): void => {
    store.nowMs = atMs;
    const status = { conditions: [{ type: 'Complete', status: 'True' }] };
    store.put(jobKey(name), { ...named(name, name, more), spec, status } as object);
  };
  const asked = (atMs: number, name: string): string => {
    now.ms = atMs;
    return broken(check.asked('default', name));
  };
  return { store, end, asked };
}

test('a Job stays for its time after its end', () => {
  const { store, end, asked } = world();
  store.put(jobKey('runs'), named('runs'));
  expect(asked(0, 'runs')).toMatch(/has not ended/);
  end(1000, 'a', {}, { ttlSecondsAfterFinished: 3 });
  expect(asked(1500, 'a')).toMatch(/500 ms after its end, and stays for 3000 ms/);
  expect(asked(4000, 'a')).toBe('kept');
});

test('its end was a moment before it was written, and is told in whole seconds', () => {
  const { end, asked } = world();
  end(3010, 'a', {}, { ttlSecondsAfterFinished: 2 });
  expect(asked(4000, 'a')).toBe('kept');
});

test('where something fails, it only has to have ended', () => {
  const { end, asked } = world(Infinity);
  end(1000, 'a', {}, { ttlSecondsAfterFinished: 3 });
  expect(asked(1500, 'a')).toBe('kept');
});

test('of the Jobs of a CronJob the oldest go first', () => {
  const { end, asked } = world();
  const made = (minute: number) => ({
    ...controlledBy('CronJob', 'c'),
    creationTimestamp: `2026-01-01T00:0${minute}:00Z`,
  });
  end(1000, 'a', made(1));
  end(2000, 'b', made(2));
  expect(asked(2050, 'b')).toBe('kept');
  end(3000, 'd', made(3));
  expect(asked(4000, 'd')).toMatch(/CronJob c deletes d, and a is older/);
  expect(asked(4000, 'a')).toBe('kept');
});
