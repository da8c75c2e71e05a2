import { expect, test } from 'vitest';
import { controlledBy, mapKey, named, Store } from '../testing.ts';
import { cronJobs } from './cron-jobs.ts';
import { quotas } from './quotas.ts';

test('a quota counts what there is', () => {
  const store = new Store();
  const quota = (hard: string, used: string): void => {
    const status = { hard: { configmaps: hard }, used: { configmaps: used } };
    const object = { ...named('q'), spec: { hard: { configmaps: '5' } }, status };
    store.put('/registry/resourcequotas/default/q', object);
  };
  const look = () => quotas({ objects: store.history, nodes: [] });
  store.put(mapKey('a'), named('a'));
  quota('4', '1');
  expect(look()).toMatch(/allows 5 configmaps, its status 4/);
  quota('5', '2');
  expect(look()).toMatch(/counts 2 configmaps of 1/);
  quota('5', '1');
  expect(look()).toBe('');
});

test('a CronJob knows its Jobs, and keeps no more than it is to', () => {
  const store = new Store();
  const look = () => cronJobs({ objects: store.history, nodes: [] });
  const cron = (active: number): void => {
    const status = { active: Array.from({ length: active }, () => ({})) };
    const object = { ...named('tick'), spec: { successfulJobsHistoryLimit: 1 }, status };
    store.put('/registry/batch/cronjobs/default/tick', object);
  };
  const job = (name: string, type?: string): void => {
    const conditions = type ? [{ type, status: 'True' }] : [];
    const object = {
      ...named(name, name, controlledBy('CronJob', 'tick')),
      status: { conditions },
    };
    store.put(`/registry/batch/jobs/default/${name}`, object);
  };
  cron(1);
  expect(look()).toMatch(/counts 1 active Jobs of 0/);
  job('a');
  expect(look()).toBe('');
  job('b', 'Complete');
  job('c', 'Complete');
  expect(look()).toMatch(/keeps 2 Jobs that are complete/);
});
