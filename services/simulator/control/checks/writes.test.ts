import { describe, expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { Generations } from './generations.ts';
import { selects } from './selection.ts';
import { broken, named, Store } from './testing.ts';
import { Writes } from './writes.ts';

const key = '/registry/apps/deployments/default/d';
const at = (spec: number, status: number, generation = 1): KubeObject =>
  ({
    ...named('d', 'd', { generation }),
    spec: { replicas: spec },
    status: { replicas: status },
  }) as KubeObject;

test('a generation counts what is wanted', () => {
  const store = new Store(new Generations());
  const put = (object: KubeObject): string => broken(() => store.put(key, object));
  put(at(1, 1));
  expect(put(at(1, 2))).toBe('kept');
  expect(put(at(2, 2, 2))).toBe('kept');
  expect(put(at(3, 2, 2))).toMatch(/what is wanted changes, generation 2 to 2/);
  expect(put(at(3, 3, 3))).toMatch(/nothing that is wanted changes, generation 2 to 3/);
});

describe('a write', () => {
  const store = new Store();
  store.put(key, at(1, 1));
  const wrote = (object: KubeObject, subresource?: string, expected?: number): string => {
    const before = store.history.revision;
    const revision = store.put(key, object);
    const answer = { ...object, metadata: { ...object.metadata, resourceVersion: `${revision}` } };
    const resource = 'apps/deployments';
    const written = { who: 'me', resource, subresource, expected: `${expected ?? before}`, answer };
    return broken(() => new Writes(store.history).wrote(written));
  };

  test('changes what it is for', () => {
    expect(wrote(at(1, 2), 'status')).toBe('kept');
    expect(wrote(at(2, 2))).toBe('kept');
    expect(wrote(at(3, 3), 'status')).toMatch(/more than its status/);
    expect(wrote(at(4, 4))).toMatch(/changes its status/);
  });

  test('rests on what it was read from', () => {
    expect(wrote(at(5, 4), undefined, store.history.revision - 1)).toMatch(/on top of/);
    const answer = named('d', 'd', { resourceVersion: '99' });
    const written = { who: 'me', resource: 'apps/deployments', subresource: undefined };
    const check = new Writes(store.history);
    expect(broken(() => check.wrote({ ...written, expected: '1', answer }))).toMatch(/nobody did/);
  });
});

test.each([
  ['app=web', true],
  ['app==web', true],
  ['app!=web', false],
  ['app!=api', true],
  ['other!=x', true],
  ['app', true],
  ['!app', false],
  ['!other', true],
  ['app in (api,web)', true],
  ['app notin (api,web)', false],
  ['app in (api,db),tier=a', false],
  ['app in (web,db),tier=a', true],
])('labels app=web, tier=a are selected by %s: %s', (labelSelector, expected) => {
  const object = named('a', 'a', { labels: { app: 'web', tier: 'a' } });
  expect(selects({ labelSelector })(object)).toBe(expected);
});

test('fields are selected by what they say', () => {
  const pod = { ...named('a'), status: { phase: 'Running' } } as KubeObject;
  const by = (fieldSelector: string): boolean => selects({ fieldSelector })(pod);
  expect([by('status.phase=Running'), by('status.phase!=Running')]).toEqual([true, false]);
  expect([by('spec.nodeName='), by('metadata.name=a,spec.nodeName!=n')]).toEqual([true, true]);
});
