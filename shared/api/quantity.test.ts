import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityMillis,
  quantityUnits,
  tryParseQuantity,
} from './quantity.ts';

test.each([
  ['0', '0'],
  ['1.5', '1500m'],
  ['0.5', '500m'],
  ['1.5Gi', '1536Mi'],
  ['1024Mi', '1Gi'],
  ['1024', '1024'],
  ['1000', '1k'],
  ['100m', '100m'],
  ['2000m', '2'],
  ['1e3', '1e3'],
  ['12e6', '12e6'],
  ['0.1n', '1n'],
  ['-1.5', '-1500m'],
  ['+3', '3'],
  ['.5Gi', '512Mi'],
  ['0.0001Ki', '102400u'],
  ['1.', '1'],
])('%s is written %s', (text, canonical) => {
  expect(formatQuantity(parseQuantity(text))).toBe(canonical);
});

test.each(['', 'x', '1x', '1 Gi', '1.2.3', '--1', '1ki', 'Gi', '1e', '0x10', '1e9999', '９'])(
  '%j is no quantity',
  (text) => {
    expect(tryParseQuantity(text)).toBeUndefined();
    expect(() => parseQuantity(text)).toThrow('quantities must match');
  },
);

test('binary and decimal amounts compare by what they are', () => {
  const compare = (a: string, b: string): number =>
    compareQuantities(parseQuantity(a), parseQuantity(b));
  expect(compare('1Ki', '1024')).toBe(0);
  expect(compare('1G', '1Gi')).toBe(-1);
  expect(compare('100m', '0.1')).toBe(0);
  expect(compare('2', '1999m')).toBe(1);
});

test('what is too large is the largest there is', () => {
  expect(parseQuantity('100E').nano).toBe((2n ** 63n - 1n) * 1_000_000_000n);
});

test('units and thousandths are rounded up', () => {
  expect(quantityUnits(parseQuantity('1500m'))).toBe(2);
  expect(quantityMillis(parseQuantity('1.0001'))).toBe(1001);
  expect(quantityMillis(parseQuantity('250m'))).toBe(250);
});

const amounts = fc
  .tuple(
    fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
    fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'Ki', 'Mi', 'e3', 'e-3'),
  )
  .map(([n, suffix]) => `${n}${suffix}`);

test('the canonical text means the same, and is its own canonical text', () => {
  fc.assert(
    fc.property(amounts, (text) => {
      const quantity = parseQuantity(text);
      const canonical = formatQuantity(quantity);
      expect(parseQuantity(canonical).nano).toBe(quantity.nano);
      expect(formatQuantity(parseQuantity(canonical))).toBe(canonical);
      expect(canonical).not.toContain('.');
    }),
  );
});

test('sums are exact', () => {
  fc.assert(
    fc.property(amounts, amounts, (a, b) => {
      const [x, y] = [parseQuantity(a), parseQuantity(b)];
      expect(addQuantities(x, y).nano).toBe(x.nano + y.nano);
      expect(compareQuantities(addQuantities(x, y), addQuantities(y, x))).toBe(0);
    }),
  );
});
