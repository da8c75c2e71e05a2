import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonPatch, mergePatch } from './patch.ts';
import { refusal } from './testing/samples.ts';

// The examples of RFC 7386, appendix A.
test.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('%j merged with %j', (target, patch, merged) => {
  const before = JSON.stringify([target, patch]);
  expect(mergePatch(target, patch)).toEqual(merged);
  expect(JSON.stringify([target, patch])).toBe(before);
});

test('a merge patch says all there is to say: applying it twice changes nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (target, patch) => {
      const once = mergePatch(target, patch);
      expect(mergePatch(once, patch)).toEqual(once);
    }),
  );
});

test('a patch cannot reach prototypes', () => {
  const merged = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}'));
  expect((merged as { polluted?: boolean }).polluted).toBeUndefined();
  expect(
    refusal(() => jsonPatch({}, [{ op: 'add', path: '/__proto__/polluted', value: true }])),
  ).toContain('__proto__');
});

test('a patch nested without end is refused', () => {
  let deep: unknown = 1;
  for (let i = 0; i < 5000; i += 1) deep = { a: deep };
  expect(refusal(() => mergePatch({}, deep))).toBe('the patch is nested too deeply');
});

test('JSON patch applies its operations in order', () => {
  const target = { spec: { replicas: 1, list: ['a'] } };
  const patched = jsonPatch(target, [
    { op: 'test', path: '/spec/replicas', value: 1 },
    { op: 'replace', path: '/spec/replicas', value: 3 },
    { op: 'add', path: '/spec/list/-', value: 'b' },
    { op: 'move', from: '/spec/list', path: '/names' },
  ]);
  expect(patched).toEqual({ spec: { replicas: 3 }, names: ['a', 'b'] });
  expect(target).toEqual({ spec: { replicas: 1, list: ['a'] } });
});

test('JSON patch may replace everything', () => {
  expect(jsonPatch({ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }])).toEqual({ b: 2 });
});

test.each([
  [{}, 'a JSON patch must be an array of operations'],
  [[1], 'JSON patch operation 0 must be an object'],
  [[{ op: 'grow', path: '/a' }], 'JSON patch operation 0: unexpected op "grow"'],
  [[{ op: 'remove', path: 'a' }], 'JSON patch operation 0: path must be a JSON pointer'],
  [[{ op: 'add', path: '/a' }], 'JSON patch operation 0: add needs a value'],
  [[{ op: 'copy', path: '/a' }], 'JSON patch operation 0: from must be a JSON pointer'],
  [[{ op: 'remove', path: '/missing' }], 'remove operation does not apply'],
  [[{ op: 'test', path: '/a', value: 2 }], 'test operation does not apply'],
])('%j is refused', (patch, why) => {
  expect(refusal(() => jsonPatch({ a: 1 }, patch))).toContain(why);
});

test('a JSON patch does not multiply what it copies beyond what a request may bring', () => {
  const double = Array.from({ length: 40 }, (_, i) => ({
    op: 'copy',
    from: '/data',
    path: `/data/b${i}`,
  }));
  expect(() => jsonPatch({ data: { a: 'x'.repeat(100_000) } }, double)).toThrow(
    'exceeding the limit 3145728',
  );
  const once = [{ op: 'copy', from: '/data', path: '/more' }];
  expect(jsonPatch({ data: { a: 1 } }, once)).toEqual({ data: { a: 1 }, more: { a: 1 } });
  expect(() => jsonPatch({}, once)).toThrow('copy operation does not apply');
});
