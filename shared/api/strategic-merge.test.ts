import { expect, it } from 'vitest';
import { deployment } from './kinds/deployment.ts';
import { pod } from './kinds/pod.ts';
import { strategicMergePatch } from './strategic-merge.ts';

const merge = (target: unknown, patch: unknown): unknown =>
  strategicMergePatch(pod.schema, target, patch);

const withContainers = (...containers: unknown[]): unknown => ({ spec: { containers } });

it('merges lists by their key and leaves its arguments alone', () => {
  const target = withContainers({ name: 'a', image: '1', args: ['x'] }, { name: 'b', image: '1' });
  const before = structuredClone(target);
  const patch = withContainers({ name: 'b', image: '2' }, { name: 'c', image: '3' });
  expect(merge(target, patch)).toEqual(
    withContainers(
      { name: 'a', image: '1', args: ['x'] },
      { name: 'b', image: '2' },
      { name: 'c', image: '3' },
    ),
  );
  expect(target).toEqual(before);
});

it('replaces lists without a key, removes with null', () => {
  const target = withContainers({ name: 'a', args: ['x', 'y'], image: '1' });
  const patch = withContainers({ name: 'a', args: ['z'], image: null });
  expect(merge(target, patch)).toEqual(withContainers({ name: 'a', args: ['z'] }));
});

it('deletes and replaces where a directive says so', () => {
  const target = withContainers({ name: 'a' }, { name: 'b' });
  expect(merge(target, withContainers({ name: 'a', $patch: 'delete' }))).toEqual(
    withContainers({ name: 'b' }),
  );
  expect(merge(target, withContainers({ $patch: 'replace' }, { name: 'c' }))).toEqual(
    withContainers({ name: 'c' }),
  );
  expect(
    merge(
      { metadata: { labels: { a: '1' } } },
      { metadata: { labels: { $patch: 'replace', b: '2' } } },
    ),
  ).toEqual({ metadata: { labels: { b: '2' } } });
  expect(() => merge(target, { $patch: 'shred' })).toThrow('unknown patch type');
});

it('orders merged lists; what the patch does not know keeps its place', () => {
  const target = withContainers({ name: 'a' }, { name: 'x' }, { name: 'b' });
  const patch = {
    spec: {
      '$setElementOrder/containers': [{ name: 'b' }, { name: 'n' }, { name: 'a' }],
      containers: [{ name: 'n' }],
    },
  };
  const merged = merge(target, patch) as { spec: { containers: { name: string }[] } };
  expect(merged.spec.containers.map(({ name }) => name)).toEqual(['x', 'b', 'n', 'a']);
});

it('merges lists of scalars as sets', () => {
  const target = { metadata: { finalizers: ['a', 'b'] } };
  expect(merge(target, { metadata: { finalizers: ['b', 'c'] } })).toEqual({
    metadata: { finalizers: ['a', 'b', 'c'] },
  });
  const patch = {
    metadata: {
      '$deleteFromPrimitiveList/finalizers': ['a'],
      '$setElementOrder/finalizers': ['b'],
    },
  };
  expect(merge(target, patch)).toEqual({ metadata: { finalizers: ['b'] } });
});

it('keeps only the members of a union that the patch retains', () => {
  const target = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
  const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
  expect(strategicMergePatch(deployment.schema, target, patch)).toEqual({
    spec: { strategy: { type: 'Recreate' } },
  });
  const wrong = { spec: { strategy: { $retainKeys: ['a'], type: 'Recreate' } } };
  expect(() => strategicMergePatch(deployment.schema, target, wrong)).toThrow('$retainKeys');
});

it('answers what it cannot merge', () => {
  const unmarshal = (what: string): string =>
    `json: cannot unmarshal ${what} into Go value of type map[string]interface {}`;
  expect(() => merge({}, [])).toThrow(unmarshal('array'));
  expect(() => merge({}, 'x')).toThrow(unmarshal('string'));
  expect(() => merge(withContainers({ name: 'a' }), withContainers({ image: 'x' }))).toThrow(
    'does not contain declared merge key: name',
  );
  expect(() => merge({}, { metadata: { '$deleteFromPrimitiveList/finalizers': 1 } })).toThrow(
    'list',
  );
});
