import { expect, test } from 'vitest';
import { parseDeleteOptions, parsePropagation } from './delete-options.ts';

const invalidOptions = (message: string) =>
  expect.objectContaining({
    code: 'invalid',
    message: `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: ${message}`,
  });
const thrownBy = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (thrown) {
    return thrown;
  }
};

test('each propagation is known by name', () => {
  expect(['Background', 'Foreground', 'Orphan'].map(parsePropagation)).toEqual([
    'background',
    'foreground',
    'orphan',
  ]);
  expect(parseDeleteOptions({ orphanDependents: true })).toEqual({ propagation: 'orphan' });
});

test('a propagation that is none is invalid, in the words of Kubernetes', () => {
  const answer = invalidOptions(
    'Unsupported value: "Sideways": supported values: "Foreground", "Background", "Orphan", "nil"',
  );
  expect(thrownBy(() => parsePropagation('Sideways'))).toEqual(answer);
  expect(thrownBy(() => parseDeleteOptions({ propagationPolicy: 'Sideways' }))).toEqual(answer);
});

test('both ways to say it at once are invalid', () => {
  const both = { propagationPolicy: 'Orphan', orphanDependents: true };
  expect(thrownBy(() => parseDeleteOptions(both))).toEqual(
    invalidOptions(
      'Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    ),
  );
});

test('a propagation that is no string does not decode', () => {
  expect(thrownBy(() => parseDeleteOptions({ propagationPolicy: 5 }))).toMatchObject({
    code: 'bad-request',
  });
});
