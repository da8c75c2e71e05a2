import { expect, it } from 'vitest';
import { SharedBytes } from './shared-bytes.ts';

it('makes each form of an object once, and forgets the oldest beyond its limit', () => {
  const shared = new SharedBytes(100);
  let made = 0;
  const of = (object: object, form = ''): Buffer =>
    shared.of(object, form, () => {
      made += 1;
      return Buffer.alloc(40);
    });
  const [a, b, c] = [{}, {}, {}];
  expect(of(a)).toBe(of(a));
  of(b);
  expect(made).toBe(2);
  of(c);
  expect(shared.size).toBe(80);
  of(b);
  expect(made).toBe(3);
  of(a);
  expect(made).toBe(4);
  of(a, 'other');
  expect(made).toBe(5);
});

it('gives what is larger than it may keep', () => {
  const shared = new SharedBytes(10);
  expect(shared.of({}, '', () => Buffer.alloc(40))).toHaveLength(40);
  shared.of({}, '', () => Buffer.alloc(4));
  expect(shared.size).toBe(4);
});
