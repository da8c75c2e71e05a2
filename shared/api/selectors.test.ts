import fc from 'fast-check';
import { expect, test } from 'vitest';
import { refs } from './refs.ts';
import { labelSelectorMatcher, parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { create, kind, podManifest, refusal } from './testing/samples.ts';

const labels = { app: 'web', tier: 'front', weight: '12', empty: '' };

test.each([
  ['', true],
  ['app=web', true],
  ['app==web', true],
  ['app = web , tier = front', true],
  ['app!=web', false],
  ['missing!=x', true],
  ['app in (db, web)', true],
  ['app notin (db)', true],
  ['missing notin (db)', true],
  ['missing in (db)', false],
  ['app', true],
  ['!app', false],
  ['! missing', true],
  ['weight>9', true],
  ['weight<12', false],
  ['app>1', false],
  ['empty=', true],
  ['empty in ()', true],
  ['empty in (,x)', true],
  ['constructor', false],
  ['in', false],
])('%j selects: %s', (text, selected) => {
  expect(parseLabelSelector(text).matches(labels)).toBe(selected);
});

test.each([
  ['a=b=c', "found '=', expected: ',' or 'end of string'"],
  ['=x', "found '=', expected: identifier"],
  ['a b', "found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ['a in (b', "found '', expected: ',' or ')'"],
  ['a in b', "found 'b', expected: '('"],
  ['a,', "found '', expected: identifier"],
  ['a>b', 'must be an integer'],
  ['-a=b', 'name part must consist of alphanumeric characters'],
  ['a=b_', 'a valid label must be an empty string or consist of'],
])('%j is refused', (text, why) => {
  expect(refusal(() => parseLabelSelector(text))).toContain('unable to parse requirement: ');
  expect(refusal(() => parseLabelSelector(text))).toContain(why);
});

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const expression = fc.oneof(
  fc.record({
    key: word,
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ key: word, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);

test('a LabelSelector and its text select the same', () => {
  fc.assert(
    fc.property(
      fc.record({
        matchLabels: fc.dictionary(word, word, { maxKeys: 3 }),
        matchExpressions: fc.array(expression, { maxLength: 3 }),
      }),
      fc.dictionary(word, word, { maxKeys: 4 }),
      (selector, labels) => {
        const matcher = labelSelectorMatcher(selector);
        const reread = parseLabelSelector(matcher.toString());
        expect(reread.matches(labels)).toBe(matcher.matches(labels));
        expect(reread.toString()).toBe(matcher.toString());
        expect(reread.empty).toBe(matcher.empty);
      },
    ),
  );
});

test('any text is a selector or one clear message', () => {
  expect.hasAssertions();
  const noise = fc.string({ unit: fc.constantFrom(...'ab/=!<>(), in-_.'.split('')) });
  fc.assert(
    fc.property(noise, (text) => {
      const message = refusal(() => parseLabelSelector(text).matches(labels));
      expect(message).toMatch(/^$|^unable to parse requirement: /);
    }),
  );
});

test('no selector selects nothing, an empty one everything', () => {
  expect(labelSelectorMatcher(undefined).matches(labels)).toBe(false);
  expect(labelSelectorMatcher({}).matches(undefined)).toBe(true);
});

test('field selectors compare the fields that the kind offers', () => {
  const pod = create(refs.pods, podManifest({ nodeName: 'worker-1' }));
  const selects = (text: string): boolean => parseFieldSelector(kind(refs.pods), text).matches(pod);
  expect(selects('')).toBe(true);
  expect(selects('spec.nodeName=worker-1,status.phase==Pending')).toBe(true);
  expect(selects('spec.nodeName!=worker-1')).toBe(false);
  expect(selects('metadata.name=web,metadata.namespace=default')).toBe(true);
  expect(selects('status.podIP=')).toBe(true);
  expect(parseFieldSelector(kind(refs.pods), 'metadata.name=web').exact('metadata.name')).toBe(
    'web',
  );
});

test('field selectors that make no sense are refused', () => {
  const refused = (text: string): string =>
    refusal(() => parseFieldSelector(kind(refs.pods), text));
  expect(refused('spec.foo=x')).toBe('field label not supported: spec.foo');
  expect(refused('constructor=x')).toBe('field label not supported: constructor');
  expect(refused('spec.nodeName')).toBe(
    "invalid selector: 'spec.nodeName'; can't understand 'spec.nodeName'",
  );
  expect(refusal(() => parseFieldSelector(kind(refs.nodes), 'metadata.namespace=x'))).toBe(
    'field label not supported: metadata.namespace',
  );
});
